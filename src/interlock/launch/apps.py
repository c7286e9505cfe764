from django.apps import AppConfig


class LaunchConfig(AppConfig):
    name = "interlock.launch"
    label = "launch"

    def ready(self) -> None:
        from interlock.launch import parts  # noqa: F401 what templates may list
        from interlock.releases.tabs import add_tab

        add_tab("readiness", "Readiness", order=30)
