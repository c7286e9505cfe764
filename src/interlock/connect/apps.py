from django.apps import AppConfig


class ConnectConfig(AppConfig):
    name = "interlock.connect"
    label = "connect"

    def ready(self) -> None:
        from interlock.connect import forgetting
        from interlock.releases.ways import add_way
        from interlock.workspaces.permissions import Action

        forgetting.listen()
        add_way("From Microsoft Project (XML)", page="plan-import", action=Action.IMPORT)
