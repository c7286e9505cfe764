from django.apps import AppConfig


class LaunchConfig(AppConfig):
    name = "interlock.launch"
    label = "launch"

    def ready(self) -> None:
        from interlock.launch import forgetting, parts, recipe, recipes  # noqa: F401 what templates may list
        from interlock.releases.models import Release
        from interlock.releases.tabs import add_tab

        add_tab("readiness", "Readiness", order=30)
        add_tab("communication", "Communication", order=40)
        add_tab("launch", "Launch", order=50)
        add_tab("review", "Review", order=60, of=lambda release: release.status == Release.Status.RELEASED)
        forgetting.listen()
