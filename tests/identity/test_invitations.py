"""SR-23: an invitation is one link for one address, once, for 72 hours."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from identity.core.actors import Person
from identity.core.errors import InvalidValue, NotFound, Refused, Taken
from identity.models import AuditEvent, Invitation, Role, Status, User
from identity.services import invitations, users
from tests import clock
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    deprovision,
    make_break_glass,
    make_idp,
    make_user,
    owner,
    provision,
    set_mode,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite(django_capture_on_commit_callbacks: Any) -> Any:
    """Invite somebody and read the secret in the mail."""

    def invite(username: str = "ada", **said: Any) -> tuple[User, str]:
        with django_capture_on_commit_callbacks(execute=True):
            user = invitations.invite_user(
                username=username, email=f"{username}@example.test", actor=administrator(), **said
            )
        return user, secret_in_mail()

    return invite


def secret_in_mail() -> str:
    found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_an_invited_person_gets_one_mail(invite: Any) -> None:
    user, secret = invite(first_name="Ada")
    assert (user.status, user.is_active, user.has_usable_password()) == (Status.INVITED, False, False)
    assert [message.to for message in mail.outbox] == [["ada@example.test"]]
    assert "Hello Ada" in mail.outbox[0].body
    invitation = Invitation.objects.get()
    assert secret not in str(Invitation.objects.values().get())
    assert timedelta(hours=71) < invitation.expires_at - timezone.now() <= timedelta(hours=72)
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.user_id) == ("user.invited", user.pk)
    assert secret not in str(list(AuditEvent.objects.values()))


def test_a_link_works_once(invite: Any) -> None:
    user, secret = invite()
    accepted = invitations.accept_invitation(secret, password=PASSWORD)
    assert (accepted.pk, accepted.status) == (user.pk, Status.ENABLED)
    assert accepted.check_password(PASSWORD)
    with pytest.raises(NotFound):
        invitations.accept_invitation(secret, password="another long passphrase")
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_link_works_for_72_hours(invite: Any) -> None:
    user, secret = invite()
    with clock.later(hours=71, minutes=59):
        assert invitations.find_invitation(secret).user == user
    with clock.later(hours=72), pytest.raises(NotFound):
        invitations.find_invitation(secret)
    with clock.later(hours=72), pytest.raises(NotFound):
        invitations.accept_invitation(secret, password=PASSWORD)


@pytest.mark.parametrize("end", ["resent", "revoked", "email changed"])
def test_a_link_dies(invite: Any, end: str, django_capture_on_commit_callbacks: Any) -> None:
    user, secret = invite()
    match end:
        case "resent":
            with django_capture_on_commit_callbacks(execute=True):
                invitations.resend_invitation(user, actor=administrator())
        case "revoked":
            invitations.revoke_invitation(user, actor=administrator())
        case "email changed":
            users.edit_profile(user, first_name="", last_name="", email="eve@example.test", actor=administrator())
    with pytest.raises(NotFound):
        invitations.find_invitation(secret)
    with pytest.raises(NotFound):
        invitations.accept_invitation(secret, password=PASSWORD)
    if end == "resent":
        assert invitations.accept_invitation(secret_in_mail(), password=PASSWORD).pk == user.pk


def test_provisioning_ends_the_invitation(invite: Any) -> None:
    user, secret = invite()
    sso_user = provision(make_idp())
    assert (sso_user.user_id, sso_user.user.status) == (user.pk, Status.ENABLED)
    with pytest.raises(NotFound):
        invitations.accept_invitation(secret, password=PASSWORD)
    deprovision(sso_user)
    with pytest.raises(NotFound):
        invitations.accept_invitation(secret, password=PASSWORD)


def test_with_sso_enforced_links_rest(invite: Any) -> None:
    _, secret = invite()
    make_break_glass()
    set_mode(sso=True)
    for use in (
        lambda: invitations.find_invitation(secret),
        lambda: invitations.accept_invitation(secret, password=PASSWORD),
    ):
        with pytest.raises(Refused) as refusal:
            use()
        assert refusal.value.code == "sso_enforced"


def test_a_weak_password_leaves_the_link_good(invite: Any) -> None:
    _, secret = invite()
    with pytest.raises(InvalidValue):
        invitations.accept_invitation(secret, password="short")
    assert invitations.find_invitation(secret)


def test_a_revoked_invitation_leaves_a_disabled_user(invite: Any) -> None:
    user, _ = invite()
    invitations.revoke_invitation(user, actor=administrator())
    assert User.objects.get(pk=user.pk).status == Status.DISABLED
    with pytest.raises(Refused) as refusal:
        invitations.resend_invitation(user, actor=administrator())
    assert refusal.value.code == "not_invited"


@pytest.mark.parametrize(
    ("username", "email"), [("ADA", "new@example.test"), ("new", "Ada@example.test"), ("ada", "ada@example.test")]
)
def test_a_taken_username_or_email_is_not_invited(username: str, email: str) -> None:
    make_user("ada")
    with pytest.raises(Taken):
        invitations.invite_user(username=username, email=email, actor=OPERATOR)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("username", "email"),
    [("", "a@example.test"), ("ada", ""), ("ada", "nobody"), ("a\u200bda", "a@example.test"), ("ada", "a@b\n.test")],
)
def test_an_invitation_needs_a_name_and_an_address(username: str, email: str) -> None:
    with pytest.raises(InvalidValue):
        invitations.invite_user(username=username, email=email, actor=OPERATOR)


def test_modes_and_roles_decide_who_invites(invite: Any) -> None:
    user, _ = invite()
    actor = Person(make_user())
    with pytest.raises(Refused, match="Inviting users needs the role"):
        invitations.invite_user(username="eve", email="eve@example.test", actor=actor)
    set_mode(sso=True)
    for change in (
        lambda: invitations.invite_user(username="eve", email="eve@example.test", actor=administrator()),
        lambda: invitations.resend_invitation(user, actor=administrator()),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.code == "invite.scim_on_sso_enforced"


@pytest.mark.parametrize("change", [invitations.resend_invitation, invitations.revoke_invitation])
def test_sr17_an_administrator_leaves_the_invitation_of_an_owner_alone(invite: Any, change: Any) -> None:
    user, _ = invite()
    users.change_role(user, Role.OWNER, actor=owner())
    with pytest.raises(Refused) as refusal:
        change(user, actor=administrator())
    assert refusal.value.code == "target_outranks_actor"
    assert User.objects.get(pk=user.pk).status == Status.INVITED
    assert Invitation.objects.filter(user=user).exists()
    change(user, actor=owner())
