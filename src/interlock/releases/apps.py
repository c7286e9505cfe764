from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "interlock.releases"
    label = "releases"

    def ready(self) -> None:
        from interlock.releases import planning

        planning.listen()
