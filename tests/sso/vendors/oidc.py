"""An OpenID Connect provider's documents: what it publishes, and what its tokens and userinfo say of Ada King."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ADA = ("ada", "ada@example.test", "Ada", "King")


@dataclass(frozen=True)
class OIDCVendor:
    """`hosts` are the origins in its documents; `settings` what an administrator enters beside address and client.

    `person` is what becomes of the claims (username, email, first and last name), `groups` whom she is with.
    """

    name: str
    sources: tuple[str, ...]
    hosts: tuple[str, ...]
    discovery: dict[str, Any]
    id_token: dict[str, Any]
    userinfo: Any
    kind: str = "other"
    settings: dict[str, Any] = field(default_factory=dict)
    external_id: str = ""
    person: tuple[str, str, str, str] = ADA
    groups: tuple[str, ...] = ("Engineering",)
    other_keys: tuple[dict[str, Any], ...] = ()
