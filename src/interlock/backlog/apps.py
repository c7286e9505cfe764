from django.apps import AppConfig


class BacklogConfig(AppConfig):
    name = "interlock.backlog"
    label = "backlog"

    def ready(self) -> None:
        from interlock.backlog import columns

        columns.discover()
