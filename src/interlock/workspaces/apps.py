from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class WorkspacesConfig(AppConfig):
    name = "interlock.workspaces"
    label = "workspaces"

    def ready(self) -> None:
        from interlock.workspaces import security

        security.listen()
        autodiscover_modules("panels")
