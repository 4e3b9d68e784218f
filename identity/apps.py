from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from identity.db import lookups  # noqa: F401, PLC0415  registers the look-up, which needs loaded apps
