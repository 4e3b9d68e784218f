"""SR-36: sign-ins that meet each other, a provisioning, or a disabling end as if they had taken turns."""

from __future__ import annotations

import pytest

from identity.models import SSOConnection, SSOIdentity, Status, User
from identity.services import invitations, sso_connections, users
from identity.services.provisioning import groups as sso_groups
from identity.services.sign_in import login
from tests.factories import (
    OPERATOR,
    PASSWORD,
    connect,
    make_group,
    make_user,
    map_group,
    members_of,
    provision,
    resend,
    set_mode,
)
from tests.identity.assertions import just_in_time, says
from tests.threads import at_once, kinds

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


def test_parallel_first_sign_ins_of_one_person_make_one_account() -> None:
    connection = just_in_time()
    for number in range(ROUNDS):
        said = says(f"00u{number}", f"ada{number}")
        results = at_once(*[lambda said=said: login.sign_in(connection, said)] * 3)
        assert kinds(results) == ["User"] * 3
        assert len({user.pk for user in results}) == 1
    assert User.objects.count() == SSOIdentity.objects.count() == ROUNDS


def test_two_people_of_one_username_are_never_one_account() -> None:
    connection = just_in_time()
    results = at_once(*[lambda sub=sub: login.sign_in(connection, says(sub)) for sub in ("00u1", "00u2")])
    accounts = {found.pk for found in results if isinstance(found, User)}
    assert len(accounts) == User.objects.count() == 1
    assert SSOIdentity.objects.filter(user__in=accounts).count() == len([x for x in results if isinstance(x, User)])


def test_a_first_sign_in_and_the_invitation_being_accepted_end_in_one_account(
    mailoutbox: list[object], django_capture_on_commit_callbacks: object
) -> None:
    connection = just_in_time()
    invited = invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    secret = str(mailoutbox[0].body).partition("/invitations/")[2].partition("/")[0]  # type: ignore[attr-defined]
    at_once(
        lambda: login.sign_in(connection, says()),
        lambda: invitations.accept_invitation(secret, password=PASSWORD),
    )
    invited.refresh_from_db()
    assert (User.objects.count(), invited.status) == (1, Status.ENABLED)


def test_nobody_is_let_in_after_the_disabling_that_came_first() -> None:
    """Whoever wins: a sign-in that came second is refused, one that came first holds a session of an old epoch."""
    connection = connect()
    for number in range(ROUNDS):
        name, subject = f"ada{number}", f"00u{number}"
        sso_user = provision(connection.identity_provider, name, external_id=subject)
        signed_in, _ = at_once(
            lambda subject=subject, name=name: login.sign_in(connection, says(subject, name)),
            lambda sso_user=sso_user, name=name, subject=subject: resend(
                sso_user, name, external_id=subject, active=False
            ),
        )
        now = User.objects.get(pk=sso_user.user_id)
        assert now.status == Status.DISABLED
        if isinstance(signed_in, User):
            assert signed_in.session_hash(by_sso=True) != now.session_hash(by_sso=True)


def test_parallel_sign_ins_keep_a_mapped_group_whole() -> None:
    connection = just_in_time()
    builders = make_group("Builders")
    map_group(sso_groups.declare_sso_group(connection.identity_provider, name="Engineering", actor=OPERATOR), builders)
    people = [says(f"00u{number}", f"p{number}", groups=["Engineering"]) for number in range(4)]
    at_once(*[lambda said=said: login.sign_in(connection, said) for said in people])
    assert members_of(builders) == {"p0", "p1", "p2", "p3"}


def test_sso_enforced_and_a_password_changed_at_once_leave_no_password_session() -> None:
    mia = make_user(password=PASSWORD)
    before = mia.session_hash(by_sso=False)
    at_once(
        lambda: set_mode(sso=True),
        lambda: users.set_password(mia, "another long passphrase", actor=OPERATOR),
    )
    mia.refresh_from_db()
    assert mia.session_hash(by_sso=False) != before


def test_the_last_two_connections_do_not_leave_at_once() -> None:
    connections = [connect(name) for name in ("Okta", "Entra")]
    set_mode(sso=True)
    results = at_once(*[lambda one=one: sso_connections.delete_connection(one, actor=OPERATOR) for one in connections])
    assert kinds(results) == ["NoneType", "Refused"]
    assert SSOConnection.objects.count() == 1
