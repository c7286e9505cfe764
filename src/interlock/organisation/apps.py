from django.apps import AppConfig


class OrganisationConfig(AppConfig):
    name = "interlock.organisation"
    label = "organisation"

    def ready(self) -> None:
        from interlock.organisation import accounts

        accounts.listen()
