from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "interlock.people"
    label = "people"
