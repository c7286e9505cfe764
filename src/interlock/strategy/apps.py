from django.apps import AppConfig


class StrategyConfig(AppConfig):
    name = "interlock.strategy"
    label = "strategy"
