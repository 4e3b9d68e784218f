"""Where resources are found: under PUBLIC_URL, never as the request says (SR-31)."""

from __future__ import annotations

from django.conf import settings

ROOT = "/scim/v2"


def base_location(*_: object, **__: object) -> str:
    """The SCIM root as identity providers know it; django-scim2's BASE_LOCATION_GETTER."""
    return f"{settings.PUBLIC_URL}{ROOT}"


def location(endpoint: str, scim_id: object) -> str:
    """Of one resource; `endpoint` is "Users" or "Groups"."""
    return f"{base_location()}/{endpoint}/{scim_id}"
