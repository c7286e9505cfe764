from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "interlock.risks"
    label = "risks"
