"""R3, R11, R13, R22: status, profile, role and password of portal users."""

from typing import Any

import pytest
from django.core import mail

from identity.core.actors import Person
from identity.core.errors import InvalidValue, Refused, Taken
from identity.models import AuditEvent, Invitation, Role, SSOUser, Status, User
from identity.services import invitations, users
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    deprovision,
    make_administrator,
    make_break_glass,
    make_idp,
    make_owner,
    make_user,
    owner,
    provision,
    set_mode,
)

pytestmark = pytest.mark.django_db


def edit(user: User, **changes: Any) -> User:
    actor = changes.pop("actor", OPERATOR)
    said = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email, **changes}
    return users.edit_profile(user, **said, actor=actor)


# --- status -----------------------------------------------------------------------------------------------


def test_a_local_user_is_disabled_and_enabled_in_any_mode() -> None:
    user = make_user()
    hash_before = user.get_session_auth_hash()
    actor = administrator()
    users.disable_user(user, actor=actor)
    user.refresh_from_db()
    assert (user.status, user.is_active) == (Status.DISABLED, False)
    assert user.get_session_auth_hash() != hash_before
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor_id, event.user_id) == ("user.disabled", actor.id, user.pk)
    assert event.details == {"status": {"from": "enabled", "to": "disabled"}}
    users.enable_user(user, actor=actor)
    user.refresh_from_db()
    assert user.status == Status.ENABLED
    assert user.get_session_auth_hash() != hash_before


def test_disabling_twice_is_one_event() -> None:
    user = make_user()
    users.disable_user(user, actor=OPERATOR)
    users.disable_user(user, actor=OPERATOR)
    assert AuditEvent.objects.filter(action="user.disabled").count() == 1


def test_a_managed_user_is_the_idps_while_scim_is_on() -> None:
    sso_user = provision(make_idp())
    with pytest.raises(Refused) as refusal:
        users.disable_user(sso_user.user, actor=administrator())
    assert refusal.value.code == "set_status.scim_on_sso_optional"
    set_mode(scim=False)
    users.disable_user(sso_user.user, actor=administrator())
    assert User.objects.get(username="ada").status == Status.DISABLED
    assert SSOUser.objects.get().version == 2


def test_whom_the_idp_deleted_is_still_managed() -> None:
    sso_user = provision(make_idp())
    user = sso_user.user
    deprovision(sso_user)
    with pytest.raises(Refused):
        users.enable_user(user, actor=administrator())


def test_an_invited_user_is_enabled_by_accepting_only() -> None:
    user = invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    with pytest.raises(Refused) as refusal:
        users.enable_user(user, actor=OPERATOR)
    assert refusal.value.code == "invitation_pending"


def test_who_is_invited_is_disabled_by_revoking_the_invitation() -> None:
    user = invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    with pytest.raises(Refused) as refusal:
        users.disable_user(user, actor=OPERATOR)
    assert refusal.value.code == "invitation_pending"
    assert Invitation.objects.filter(user=user).exists()
    invitations.revoke_invitation(user, actor=OPERATOR)
    user.refresh_from_db()
    assert user.status == Status.DISABLED
    assert not Invitation.objects.exists()


def test_the_last_enabled_owner_stays() -> None:
    last = make_owner()
    make_owner("otto", status=Status.DISABLED)
    for actor in (OPERATOR, Person(last)):
        with pytest.raises(Refused) as refusal:
            users.disable_user(last, actor=actor)
        assert refusal.value.code == "last_enabled_owner"
    with pytest.raises(Refused) as refusal:
        users.change_role(last, Role.MEMBER, actor=OPERATOR)
    assert refusal.value.code == "last_enabled_owner"
    make_owner("oscar")
    users.disable_user(last, actor=OPERATOR)


def test_the_last_break_glass_account_stays_while_sso_is_enforced() -> None:
    glass = make_break_glass()
    make_owner()
    set_mode(sso=True)
    with pytest.raises(Refused) as refusal:
        users.disable_user(glass, actor=OPERATOR)
    assert refusal.value.code == "last_break_glass_account"
    with pytest.raises(Refused):
        users.set_break_glass(glass, False, actor=OPERATOR)
    make_break_glass("hammer")
    users.set_break_glass(glass, False, actor=OPERATOR)
    set_mode(sso=False)
    users.disable_user(User.objects.get(username="hammer"), actor=OPERATOR)


def test_an_administrator_does_not_disable_an_owner() -> None:
    make_owner("otto")
    with pytest.raises(Refused) as refusal:
        users.disable_user(make_owner(), actor=administrator())
    assert refusal.value.code == "target_outranks_actor"


# --- profile ----------------------------------------------------------------------------------------------


def test_a_local_users_names_and_email_are_edited() -> None:
    user = make_user()
    edit(user, first_name=" Mia ", last_name="M.", email="New@example.test", actor=administrator())
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == ("Mia", "M.")
    assert (user.email, user.email_key) == ("New@example.test", "new@example.test")
    event = AuditEvent.objects.latest("id")
    assert event.details == {"changed": ["email", "first_name", "last_name"]}
    assert event.personal_data.values["email"] == {"from": "mia@example.test", "to": "New@example.test"}
    edit(user)
    assert AuditEvent.objects.latest("id") == event


def test_a_managed_users_email_is_the_idps() -> None:
    user = provision(make_idp()).user
    assert edit(user, first_name="Ada").first_name == "Ada"
    with pytest.raises(Refused) as refusal:
        edit(user, email="other@example.test")
    assert refusal.value.code == "email_is_managed"


def test_an_email_that_somebody_else_has_is_taken() -> None:
    make_user("max")
    user = make_user()
    with pytest.raises(Taken):
        edit(user, email="MAX@example.test", first_name="Changed")
    assert User.objects.get(pk=user.pk).first_name == ""


def test_an_email_can_be_taken_away() -> None:
    user = make_user()
    edit(user, email="")
    user.refresh_from_db()
    assert (user.email, user.email_key) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [{"first_name": "x" * 256}, {"last_name": "a\x00"}, {"email": "no address"}, {"email": "a\u200b@x.test"}],
)
def test_a_value_that_cannot_be_taken_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        edit(make_user(), **changes)


# --- role and flags ---------------------------------------------------------------------------------------


def test_owners_change_roles() -> None:
    user = make_user()
    actor = owner()
    users.change_role(user, Role.SUPPORT, actor=actor)
    assert User.objects.get(pk=user.pk).role == Role.SUPPORT
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.details) == (
        "user.role_changed",
        {"role": {"from": "member", "to": "support"}},
    )


def test_nobody_changes_their_own_role_or_flag() -> None:
    actor = owner()
    make_owner("otto")
    for change in (
        lambda: users.change_role(actor.user, Role.MEMBER, actor=actor),
        lambda: users.set_break_glass(actor.user, True, actor=actor),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.code == "own_account"


def test_an_administrator_changes_no_roles() -> None:
    actor = administrator()
    with pytest.raises(Refused) as refusal:
        users.change_role(make_user(), Role.SUPPORT, actor=actor)
    assert refusal.value.code == "role_required"
    with pytest.raises(Refused):
        users.set_break_glass(make_owner(), True, actor=actor)


def test_a_break_glass_account_is_a_local_owner() -> None:
    glass = make_break_glass()
    with pytest.raises(Refused) as refusal:
        users.change_role(glass, Role.MEMBER, actor=OPERATOR)
    assert refusal.value.code == "break_glass"
    for other in (make_administrator(), provision(make_idp()).user):
        with pytest.raises(Refused) as refusal:
            users.set_break_glass(other, True, actor=OPERATOR)
        assert refusal.value.code == "not_a_local_owner"
    assert users.set_break_glass(make_owner(password=PASSWORD), True, actor=OPERATOR).is_break_glass


def test_who_has_no_password_is_no_break_glass_account() -> None:
    """When SSO fails, it would let nobody in (R22): an owner, say, whom an identity provider brought."""
    owner = make_owner()
    owner.set_unusable_password()
    owner.save(update_fields=["password"])
    with pytest.raises(Refused, match="has no password, so nothing but SSO") as caught:
        users.set_break_glass(owner, True, actor=OPERATOR)
    assert caught.value.code == "no_password"


def test_the_first_owner_is_a_break_glass_account_with_a_password() -> None:
    user = users.create_owner(username="root", email="root@example.test", password=PASSWORD, actor=OPERATOR)
    assert (user.role, user.status, user.is_break_glass) == (Role.OWNER, Status.ENABLED, True)
    assert user.check_password(PASSWORD)
    assert PASSWORD not in str(list(AuditEvent.objects.values()))
    with pytest.raises(Taken):
        users.create_owner(username="ROOT", email="", password=PASSWORD, actor=OPERATOR)
    with pytest.raises(InvalidValue, match="Use at least 12 characters"):
        users.create_owner(username="other", email="", password="short", actor=OPERATOR)
    with pytest.raises(Refused):
        users.create_owner(username="other", email="", password=PASSWORD, actor=administrator())


# --- passwords and logins ---------------------------------------------------------------------------------


def test_a_new_password_ends_sessions() -> None:
    user = make_user(password=PASSWORD)
    before = user.get_session_auth_hash()
    users.set_password(user, "another long passphrase", actor=Person(user))
    user.refresh_from_db()
    assert user.check_password("another long passphrase")
    assert user.get_session_auth_hash() != before
    with pytest.raises(InvalidValue):
        users.set_password(user, "password", actor=Person(user))


def test_who_has_no_password_gets_none() -> None:
    user = provision(make_idp()).user
    with pytest.raises(Refused) as refusal:
        users.set_password(user, PASSWORD, actor=Person(user))
    assert refusal.value.code == "no_password"


def test_with_sso_enforced_only_break_glass_accounts_change_passwords() -> None:
    user, glass = make_user(password=PASSWORD), make_break_glass()
    set_mode(sso=True)
    with pytest.raises(Refused) as refusal:
        users.set_password(user, "another long passphrase", actor=Person(user))
    assert refusal.value.code == "sso_enforced"
    users.set_password(glass, "another long passphrase", actor=Person(glass))


def test_a_login_shows_in_last_active() -> None:
    user = make_user()
    users.record_login(user, method="password", actor=Person(user))
    assert User.objects.get().last_active is not None
    assert AuditEvent.objects.latest("id").action == "user.login"


def test_a_break_glass_login_stands_out(django_capture_on_commit_callbacks: Any) -> None:
    make_administrator()
    glass = make_break_glass()
    with django_capture_on_commit_callbacks(execute=True):
        users.record_login(glass, method="password", actor=Person(glass))
    assert AuditEvent.objects.latest("id").action == "user.break_glass_login"
    assert {message.to[0] for message in mail.outbox} == {"adam@example.test", "glass@example.test"}
    assert mail.outbox[0].subject == "A break-glass account was used"


# --- what people are told by mail -------------------------------------------------------------------------


def told() -> list[tuple[str, list[str]]]:
    return [(str(message.subject), message.to) for message in mail.outbox]


def test_a_new_password_is_told_by_mail(django_capture_on_commit_callbacks: Any) -> None:
    user = make_user("mia", password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        users.set_password(user, "ok-then-Harbour-7", actor=Person(user))
    assert told() == [("Your Gatehouse account: Password changed", ["mia@example.test"])]
    assert "ok-then-Harbour-7" not in str(mail.outbox[0].body)


def test_who_has_no_email_is_told_nothing(django_capture_on_commit_callbacks: Any) -> None:
    user = make_user("mia", email=None, password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        users.set_password(user, "ok-then-Harbour-7", actor=Person(user))
    assert told() == []
