from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "interlock.web"
    label = "web"

    def ready(self) -> None:
        from interlock.web import live, search

        search.discover()
        search.listen()
        live.listen()
