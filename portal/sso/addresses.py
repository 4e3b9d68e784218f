"""The portal's addresses as identity providers know them (SR-31: never from a request's headers)."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from identity.models import SSOConnection


def public_address(name: str, connection: SSOConnection) -> str:
    """The absolute address of a page of this connection."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=(connection.slug,))}"


def sign_in_page() -> str:
    return f"{settings.PUBLIC_URL}{reverse('login')}"
