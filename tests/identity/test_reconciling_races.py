"""Reconciling at the same moment as another one, and as the identity provider writes (R28, SR-35, SR-36)."""

from __future__ import annotations

import pytest

from identity.models import AuditEvent, Group, IdentityProvider, Membership, SSOUser, Status, User
from identity.services import reconciling, users
from identity.services.reconciling import Differences, differences
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
    make_group,
    make_idp,
    map_group,
    members_of,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.threads import at_once, kinds

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


def apart(number: int) -> tuple[IdentityProvider, SSOUser, Group]:
    """One is disabled here, and out of the mapped group, against what was said."""
    idp = make_idp(f"Okta {number}")
    ada, group = provision(idp, f"ada{number}"), make_group(f"Group {number}")
    map_group(push_group(idp, "Engineering", ada), group)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    Membership.objects.filter(group=group).delete()
    set_mode()
    return idp, ada, group


def test_the_same_preview_is_applied_once() -> None:
    for number in range(ROUNDS):
        idp, ada, group = apart(number)
        seen = differences(idp).fingerprint
        found = at_once(*[lambda idp=idp, seen=seen: reconciling.reconcile(idp, fingerprint=seen, actor=OPERATOR)] * 3)
        assert kinds(found) == ["Differences", "Refused", "Refused"]
        assert members_of(group) == {ada.user_name}
        assert AuditEvent.objects.filter(action="access.reconciled", identity_provider_id=idp.pk).count() == 1


def test_what_the_identity_provider_says_meanwhile_has_the_last_word() -> None:
    for number in range(ROUNDS):
        idp, ada, group = apart(number)
        ben, sso_group = provision(idp, f"ben{number}"), idp.sso_groups.get()
        seen = differences(idp).fingerprint
        found, *_ = at_once(
            lambda idp=idp, seen=seen: reconciling.reconcile(idp, fingerprint=seen, actor=OPERATOR),
            lambda ada=ada: resend(ada, active=False),
            lambda sso_group=sso_group, ben=ben: change_members(sso_group, adding(ben)),
        )
        assert User.objects.get(pk=ada.user_id).status == Status.DISABLED
        assert members_of(group) >= {ben.user_name}
        assert (ada.user_name in members_of(group)) == isinstance(found, Differences)
