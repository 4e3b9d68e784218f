"""Safeguards of reconciling with an identity provider (R28)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Decision
from identity.core.refusals import Refusal
from identity.db.differing import moves_of_person
from identity.models import SSOUser, Status, User
from identity.safeguards.asked import Asked, out_of_place


def scim_is_off(asked: Asked) -> Decision:
    """Switching SCIM on asks whether to follow (R21); until then the portal is meant to differ."""
    return ALLOWED if asked.now.mode.scim_enabled else out_of_place("scim_is_off", Refusal.SCIM_IS_OFF())


def fed_by_none(asked: Asked) -> Decision:
    """An unmapped group follows nothing."""
    if asked.group is None or asked.group.mappings.exists():
        return ALLOWED
    return out_of_place("not_mapped", Refusal.NOT_MAPPED(group=asked.group))


def nothing_differs(asked: Asked) -> Decision:
    """Of a person it is known at once; of a group or a whole identity provider the preview tells."""
    if asked.user is None or _differs(asked.user):
        return ALLOWED
    return out_of_place("nothing_differs", Refusal.NOTHING_DIFFERS())


def _differs(user: User) -> bool:
    sso_user: SSOUser | None = getattr(user, "sso_user", None)
    said = Status.ENABLED if sso_user and sso_user.active else Status.DISABLED
    return bool(sso_user and sso_user.overruled and user.status != said) or any(moves_of_person(user.pk))
