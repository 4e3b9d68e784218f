"""R21, R22: switching the two flags, what must be proven before, and what follows."""

import pytest

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Mode
from identity.core.errors import Refused
from identity.models import AccessSettings, AuditEvent, SSOUser, Status, User
from identity.models.sso import told_otherwise
from identity.queries.drift import Moving, drifts
from identity.services import groups, modes, second_factors, sso_connections, users
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    change_members,
    exactly,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    members_of,
    owner,
    provision,
    push_group,
    set_mode,
    sign_in_by_sso,
)

pytestmark = pytest.mark.django_db


def enforce(actor: object, *, force: bool = False) -> Mode:
    return modes.set_mode(scim_enabled=True, sso_enforced=True, actor=actor, force=force)


def test_the_two_flags_are_one_row() -> None:
    assert AccessSettings.objects.get().mode == policy.current_mode() == Mode(True, False)


def test_a_switch_is_on_record_and_no_switch_is_not() -> None:
    actor = owner()
    modes.set_mode(scim_enabled=False, sso_enforced=False, actor=actor)
    assert policy.current_mode() == Mode(scim_enabled=False, sso_enforced=False)
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor_id) == ("access.mode_set", actor.id)
    assert event.details["scim_enabled"] == {"from": True, "to": False}
    modes.set_mode(scim_enabled=False, sso_enforced=False, actor=actor)
    assert AuditEvent.objects.latest("id") == event


def test_only_owners_switch() -> None:
    with pytest.raises(Refused) as refusal:
        modes.set_mode(scim_enabled=False, sso_enforced=False, actor=administrator())
    assert refusal.value.code == "role_required"


def test_enforcing_needs_a_break_glass_account_and_an_owner_who_came_by_sso() -> None:
    actor = owner()
    with pytest.raises(Refused) as refusal:
        enforce(actor)
    assert refusal.value.code == "no_break_glass_account"
    make_break_glass()
    with pytest.raises(Refused) as refusal:
        enforce(actor)
    assert refusal.value.code == "sso_login_not_proven"
    sign_in_by_sso(make_owner("otto"), make_idp())
    with pytest.raises(Refused):
        enforce(actor)
    sign_in_by_sso(actor.user, make_idp("Entra"))
    assert enforce(actor) == Mode(scim_enabled=True, sso_enforced=True)


def test_a_break_glass_account_is_proven_by_its_second_step() -> None:
    actor = owner()
    sign_in_by_sso(actor.user, make_idp())
    glass = make_break_glass(proven=False)
    users.record_login(glass, method="password", actor=Person(glass))
    with pytest.raises(Refused) as refusal:
        enforce(actor)
    assert refusal.value.code == "no_break_glass_account"
    users.record_login(glass, method="password and totp", second_step=True, actor=Person(glass))
    assert enforce(actor).sso_enforced


def test_a_lost_second_step_proves_nothing_any_more() -> None:
    actor = owner()
    sign_in_by_sso(actor.user, make_idp())
    second_factors.reset_second_factor(make_break_glass(), actor=OPERATOR)
    with pytest.raises(Refused) as refusal:
        enforce(actor)
    assert refusal.value.code == "no_break_glass_account"


def test_an_sso_login_through_a_closed_door_does_not_count() -> None:
    actor = owner()
    make_break_glass()
    idp = make_idp()
    sign_in_by_sso(actor.user, idp)
    sso_connections.set_connection_enabled(idp.sso_connections.get(), False, actor=OPERATOR)
    with pytest.raises(Refused) as refusal:
        enforce(actor)
    assert refusal.value.code == "sso_login_not_proven"


def test_a_disabled_break_glass_account_does_not_count() -> None:
    actor = owner()
    sign_in_by_sso(actor.user, make_idp())
    glass = make_break_glass()
    users.disable_user(glass, actor=OPERATOR)
    with pytest.raises(Refused):
        enforce(actor)


def test_force_is_for_the_command_line() -> None:
    with pytest.raises(Refused) as refusal:
        enforce(owner(), force=True)
    assert refusal.value.code == "no_break_glass_account"
    with pytest.raises(Refused):
        enforce(OPERATOR)
    assert enforce(OPERATOR, force=True).sso_enforced
    modes.set_mode(scim_enabled=True, sso_enforced=False, actor=OPERATOR)
    assert not policy.current_mode().sso_enforced


def test_enforcing_ends_password_sessions_only() -> None:
    by_password, glass = make_user(password=PASSWORD), make_break_glass()
    by_sso = provision(make_idp()).user
    hashes = {user.pk: user.get_session_auth_hash() for user in (by_password, glass, by_sso)}
    set_mode(sso=True)
    same = {user.pk: user.get_session_auth_hash() == hashes[user.pk] for user in User.objects.all()}
    assert same == {by_password.pk: False, glass.pk: True, by_sso.pk: True}


@pytest.mark.parametrize("scim", [True, False])
def test_switching_scim_ends_no_session(scim: bool) -> None:
    set_mode(scim=not scim)
    mia = make_user(password=PASSWORD)
    before = mia.get_session_auth_hash()
    set_mode(scim=scim)
    mia.refresh_from_db()
    assert mia.get_session_auth_hash() == before


def test_switching_scim_off_loses_nothing() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    map_group(sso_group, group)
    set_mode(scim=False)
    assert (SSOUser.objects.count(), group.mappings.count()) == (1, 1)
    assert members_of(group) == {"ada"}


def drifted() -> tuple[User, User, object]:
    """While SCIM was off, an administrator enabled one, disabled another and changed a mapped group."""
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace", active=False)
    group = make_group()
    map_group(push_group(idp, "Engineering", ada), group)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=administrator())
    users.enable_user(grace.user, actor=administrator())
    groups.remove_members(group, [ada.user], actor=administrator())
    groups.add_members(group, [grace.user], actor=administrator())
    return ada.user, grace.user, group


def names(moving: Moving) -> list[str]:
    return [user.username for user in moving.named]


def test_what_differs_is_listed() -> None:
    drifted()
    assert told_otherwise(Status.ENABLED).get().username == "ada"
    assert told_otherwise(Status.DISABLED).get().username == "grace"
    [drift] = drifts()
    assert (drift.group.name, names(drift.joins), names(drift.leaves)) == ("Builders", ["ada"], ["grace"])


def test_nothing_differs_in_a_quiet_portal() -> None:
    idp = make_idp()
    map_group(push_group(idp, "Engineering", provision(idp)), make_group())
    assert not drifts()
    assert not told_otherwise(Status.ENABLED) | told_otherwise(Status.DISABLED)


def test_following_the_idp_puts_the_portal_right() -> None:
    ada, grace, group = drifted()
    set_mode(follow_idp=True)
    ada.refresh_from_db()
    grace.refresh_from_db()
    assert (ada.status, grace.status) == (Status.ENABLED, Status.DISABLED)
    assert members_of(group) == {"ada"}
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.details) == (
        "access.idp_followed",
        {"joined": 1, "left": [grace.pk], "enabled": [ada.pk], "disabled": [grace.pk]},
    )
    assert not drifts()
    assert not told_otherwise(Status.ENABLED) | told_otherwise(Status.DISABLED)


def test_keeping_lasts_until_the_idp_sends_again() -> None:
    ada, _, group = drifted()
    set_mode()
    ada.refresh_from_db()
    assert ada.status == Status.DISABLED
    assert members_of(group) == {"grace"}
    change_members(ada.sso_user.sso_groups.get(), exactly(ada.sso_user))
    assert members_of(group) == {"ada"}


def test_following_does_not_disable_the_last_enabled_owner() -> None:
    sso_user = provision(make_idp(), active=False)
    set_mode(scim=False)
    users.enable_user(sso_user.user, actor=OPERATOR)
    User.objects.update(role="owner")
    with pytest.raises(Refused) as refusal:
        set_mode(follow_idp=True)
    assert refusal.value.code == "last_enabled_owner"
    assert policy.current_mode() == Mode(scim_enabled=False, sso_enforced=False)


def test_an_owner_of_a_deleted_idp_has_proven_nothing() -> None:
    idp = make_idp()
    actor = owner()
    make_break_glass()
    sign_in_by_sso(actor.user, idp)
    idp.delete()
    with pytest.raises(Refused):
        enforce(Person(actor.user))
