"""Resource URLs: under PUBLIC_URL, never taken from the request (SR-31)."""

from __future__ import annotations

from django.conf import settings

ROOT = "/scim/v2"


def base_location(*_: object, **__: object) -> str:
    """The public SCIM base URL; django-scim2's BASE_LOCATION_GETTER."""
    return f"{settings.PUBLIC_URL}{ROOT}"


def location(endpoint: str, scim_id: object) -> str:
    """The URL of one resource; `endpoint` is "Users" or "Groups"."""
    return f"{base_location()}/{endpoint}/{scim_id}"
