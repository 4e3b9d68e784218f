from django.apps import AppConfig


class SCIMConfig(AppConfig):
    name = "scim"

    def ready(self) -> None:
        from scim.wire import words  # noqa: F401, PLC0415  commands and the worker show what is stored, too
