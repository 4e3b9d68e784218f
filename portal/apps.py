"""The portal's Django app configurations."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import pre_delete


class PortalConfig(AppConfig):
    """The portal's checks, commands and templates."""

    name = "portal"

    def ready(self) -> None:
        from portal.project import checks  # noqa: F401, PLC0415 - importing registers them, and needs the apps loaded
        from portal.sso import words  # noqa: F401, PLC0415 - what is stored by another process is shown by this one

        pre_delete.connect(forget, sender="identity.User")


def forget(instance: Any, **kwargs: Any) -> None:
    """The portal's own data about a user is deleted with the row, by every door (R10)."""
    from portal.session.store import forget_sessions  # noqa: PLC0415 - needs the apps loaded

    forget_sessions(instance.pk)


class PortalAdminConfig(SimpleAdminConfig):
    """Django's admin, with the portal's own site instead of the default one; portal.urls loads its pages."""

    default = False
    default_site = "portal.admin.frame.site.PortalAdminSite"
