"""The admin UI: one module for each area, all on `PortalModelAdmin` and `PortalAdminSite`.

Django imports this package when it looks for admin modules, and importing an area registers its pages.
"""

from portal.admin import (
    api_tokens,
    assets,
    audit_log,
    bulk_runs,
    conflicts,
    connections,
    groups,
    invitations,
    mappings,
    providers,
    provisioning_log,
    scim_tokens,
    settings,
    sso,
    support,
    users,
)

__all__ = [
    "api_tokens",
    "assets",
    "audit_log",
    "bulk_runs",
    "conflicts",
    "connections",
    "groups",
    "invitations",
    "mappings",
    "providers",
    "provisioning_log",
    "scim_tokens",
    "settings",
    "sso",
    "support",
    "users",
]
