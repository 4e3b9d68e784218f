from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Homes of words (`identity.core.words`): what is stored by another process is shown by this one.
        from identity import policy  # noqa: F401, PLC0415
        from identity.db import lookups  # noqa: F401, PLC0415  registers the look-up, which needs loaded apps
        from identity.services.provisioning import conflicts  # noqa: F401, PLC0415
