from django.apps import AppConfig


class AlignmentConfig(AppConfig):
    name = "interlock.alignment"
    label = "alignment"

    def ready(self) -> None:
        from interlock.alignment import forgetting, pending, registry

        registry.discover()
        pending.listen()
        forgetting.listen()
