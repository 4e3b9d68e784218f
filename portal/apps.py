"""What Django loads of the portal."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import pre_delete


class PortalConfig(AppConfig):
    """The portal's checks, commands and templates."""

    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401, PLC0415 - importing registers them, and needs the apps loaded

        pre_delete.connect(forget, sender="identity.User")


def forget(instance: Any, **kwargs: Any) -> None:
    """What the portal itself keeps of somebody goes with their row, by whichever door they are deleted (R10)."""
    from portal.session_store import forget_sessions  # noqa: PLC0415 - needs the apps loaded

    forget_sessions(instance.pk)


class PortalAdminConfig(AdminConfig):
    """Django's admin, with the portal's own site in place of the stock one."""

    default = False
    # Outside portal.admin: that package registers its pages while it is imported, and the site must exist by then.
    default_site = "portal.site.PortalAdminSite"
