"""An assertion looked at by an administrator: every check, and nothing is issued or used up."""

from __future__ import annotations

from dataclasses import dataclass

from identity.models import SCIMTrust
from identity.services import scim_trusts
from portal.oauth.assertions import claimed_id, findings
from portal.oauth.words import CHECKS, Flaw
from portal.sso import patience


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """One check: `sentence` says what is wrong, or that nothing is."""

    check: str
    title: str
    is_fine: bool
    sentence: str


def check_assertion(trust: SCIMTrust, assertion: str) -> list[CheckedClaim]:
    """The checks in their order. After a bad signature the rest is left out, since anyone could have written it."""
    token = assertion.strip()
    with patience.visit(insists=lambda: True):
        found = findings(trust, token)
    if found.get("id", Flaw.NO_ID()) is None and scim_trusts.was_used(trust, claimed_id(token)):
        found["id"] = Flaw.USED()
    return [
        CheckedClaim(check, CHECKS[check], problem is None, "OK" if problem is None else problem)
        for check, problem in found.items()
    ]
