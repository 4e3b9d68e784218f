"""What Django loads of the portal."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    """The portal's checks, commands and templates."""

    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401, PLC0415 - importing registers them, and needs the apps loaded


class PortalAdminConfig(AdminConfig):
    """Django's admin, with the portal's own site in place of the stock one."""

    default = False
    # Outside portal.admin: that package registers its pages while it is imported, and the site must exist by then.
    default_site = "portal.site.PortalAdminSite"
