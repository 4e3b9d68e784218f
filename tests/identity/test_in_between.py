"""SR-36: what somebody else does between two statements of a change, where no race can be relied on to meet it."""

from __future__ import annotations

import pytest

from identity.core.errors import Taken
from identity.models import SSOIdentity, SSOUser, User
from tests.factories import (
    adding,
    change_members,
    deprovision,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
)
from tests.identity.assertions import just_in_time, kept_out, says
from tests.interruptions import after, beaten

pytestmark = pytest.mark.django_db

NEW_RECORD = 'INSERT INTO "identity_ssouser"'


def test_a_push_that_another_one_got_ahead_of_is_tried_again() -> None:
    idp = make_idp()
    with beaten(NEW_RECORD, times=3):
        provision(idp)
    assert (User.objects.count(), SSOUser.objects.get().user_name) == (1, "ada")


def test_and_refused_when_others_are_always_ahead() -> None:
    idp = make_idp()
    with beaten(NEW_RECORD) as failed, pytest.raises(Taken, match="userName ada belongs to"):
        provision(idp)
    assert len(failed) == 4
    assert not User.objects.exists()


def test_who_is_removed_leaves_a_group_too_that_they_were_added_to_just_now() -> None:
    idp = make_idp()
    ada, bob = provision(idp), provision(idp, "bob")
    builders, engineering = make_group("Builders"), push_group(idp, "Engineering", bob)
    map_group(engineering, builders)
    with after('FROM "identity_ssogroup"', lambda: change_members(engineering, adding(ada))):
        deprovision(ada)
    assert members_of(builders) == {"bob"}
    assert list(engineering.memberships.values_list("sso_user__user_name", flat=True)) == ["bob"]


def test_of_two_first_sign_ins_with_one_subject_the_second_is_nobody_elses() -> None:
    connection = just_in_time()
    other = make_user("other")

    def sign_in_as_another() -> None:
        SSOIdentity.objects.create(
            identity_provider=connection.identity_provider, subject="00u1", user=other, last_login_at=other.created_at
        )

    with after('FROM "identity_ssoidentity"', sign_in_as_another):
        assert kept_out(connection, says()) == "bound_to_another_user"
    assert list(User.objects.values_list("username", flat=True)) == ["other"]
