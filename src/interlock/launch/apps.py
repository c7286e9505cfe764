from django.apps import AppConfig


class LaunchConfig(AppConfig):
    name = "interlock.launch"
    label = "launch"
