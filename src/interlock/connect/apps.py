from django.apps import AppConfig


class ConnectConfig(AppConfig):
    name = "interlock.connect"
    label = "connect"

    def ready(self) -> None:
        from interlock.connect import forgetting

        forgetting.listen()
