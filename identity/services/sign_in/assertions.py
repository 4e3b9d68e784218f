"""What an identity provider asserts about a person who signs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link"


@dataclass(frozen=True, slots=True)
class Assertion:
    """An IdP's verified statement about a person: the subject, and claims under the IdP's own names.

    Standard OpenID Connect names (email, email_verified, given_name, family_name, tid, hd) are present whatever
    the protocol; the door translates SAML's. `names` maps a standard claim to the name configured for the connection:
    then only that one counts, since users may be able to edit the standard one themselves.
    """

    subject: str
    claims: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def standard(self, claim: str) -> str:
        """A standard claim's text, read under the name configured for the connection."""
        return self.text(self.names.get(claim, claim))

    def text(self, claim: str) -> str:
        """A claim's only, or first, value. A number is read as text: SCIM sends employee numbers that way."""
        value = self.claims.get(claim)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else ""

    @property
    def leaves_groups_out(self) -> bool:
        """Entra's group overage: too many groups for a token, which then only says where to get them."""
        distributed = self.claims.get("_claim_names")
        names = distributed if isinstance(distributed, dict) else {}
        return "groups" in names or bool(self.claims.get("hasgroups")) or _GROUPS_LINK in self.claims

    @property
    def email(self) -> str | None:
        """The address; empty if the IdP says anything but that it is verified. Many say nothing."""
        said = self.claims.get("email_verified", True)
        is_verified = said is True or said in ("true", ["true"])  # as JSON, as text, as a SAML attribute
        return (self.standard("email") or None) if is_verified else None
