"""R5, R6, R6a, R6b, R7, R9: whom a new record means, and what an administrator decides."""

from typing import Any

import pytest

from identity.core.actors import Operator, Person
from identity.core.errors import InvalidValue, Refused, Taken
from identity.models import (
    AuditEvent,
    Conflict,
    IdentityProvider,
    Invitation,
    ProvisioningLog,
    Role,
    SSOUser,
    Status,
    User,
)
from identity.services import invitations, users
from identity.services.provisioning import conflicts
from tests.factories import (
    OPERATOR,
    PASSWORD,
    administrator,
    conflict_over,
    deprovision,
    everything,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_user,
    members_of,
    owner,
    provision,
    resend,
    set_mode,
    sign_in_by_sso,
)

pytestmark = pytest.mark.django_db

Reason = Conflict.Reason
State = Conflict.State


# --- R5: adopting -----------------------------------------------------------------------------------------


def test_an_ordinary_local_user_is_adopted() -> None:
    user = make_user("Ada", password="keeps working", first_name="Ada")
    group, asset = make_group("Local", user), make_asset(user)
    events = AuditEvent.objects.count()
    sso_user = provision(make_idp(), "ada", "ADA@example.test", first_name="Augusta")
    user.refresh_from_db()
    assert sso_user.user_id == user.pk
    assert (user.username, user.email, user.first_name) == ("Ada", "Ada@example.test", "Augusta")
    assert (user.role, user.status) == (Role.MEMBER, Status.ENABLED)
    assert user.check_password("keeps working")
    assert user.managed_by_id == sso_user.identity_provider_id
    assert members_of(group) == {"Ada"}
    assert list(user.assets.all()) == [asset]
    assert AuditEvent.objects.count() == events + 2  # the IdP's creation and one for the adoption
    assert AuditEvent.objects.latest("id").action == "user.adopted"


def test_a_pending_invitation_dies_and_the_person_is_enabled() -> None:
    user = invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    sso_user = provision(make_idp())
    assert (sso_user.user_id, sso_user.user.status) == (user.pk, Status.ENABLED)
    assert not Invitation.objects.exists()
    actions = AuditEvent.objects.filter(user_id=user.pk).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["user.invited", "user.adopted"]


def test_who_came_just_in_time_by_this_idp_is_adopted() -> None:
    idp, user = make_idp(), make_user("ada")
    sign_in_by_sso(user, idp)
    assert provision(idp).user_id == user.pk


def test_who_came_just_in_time_by_another_idp_is_a_conflict() -> None:
    sign_in_by_sso(make_user("ada"), make_idp("Entra"))
    assert conflict_over(make_idp()).reason == Reason.OTHER_PROVIDER


def test_an_idp_that_asks_first_adopts_nobody() -> None:
    make_user("ada")
    conflict = conflict_over(make_idp(asks_before_adopting=True))
    assert conflict.reason == Reason.ASK_FIRST
    assert not SSOUser.objects.exists()


# --- R6: conflicts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "said", "reason"),
    [
        ({}, ("ada", "other@example.test"), Reason.OTHER_EMAIL),
        ({}, ("ada", None), Reason.OTHER_EMAIL),
        ({"email": None}, ("ada",), Reason.OTHER_EMAIL),
        ({"email": None}, ("ada", None), Reason.OTHER_EMAIL),
        ({}, ("grace", "ada@example.test"), Reason.OTHER_USERNAME),
        ({"role": Role.SUPPORT}, ("ada",), Reason.PRIVILEGED),
        ({"role": Role.ADMINISTRATOR}, ("ada",), Reason.PRIVILEGED),
        ({"role": Role.OWNER}, ("ada", "other@example.test"), Reason.PRIVILEGED),
        ({"status": Status.DISABLED}, ("ada",), Reason.DISABLED_LOCAL),
        ({"role": Role.OWNER, "is_break_glass": True}, ("ada",), Reason.BREAK_GLASS),
        ({"role": Role.OWNER, "is_break_glass": True}, ("x", "ada@example.test"), Reason.BREAK_GLASS),
    ],
)
def test_an_account_in_the_way(account: dict[str, Any], said: tuple[str, ...], reason: str) -> None:
    user = make_user("ada", **account)
    idp = make_idp()
    before = everything()
    conflict = conflict_over(idp, *said, external_id="00U1", first_name="Ada")
    after = everything()
    assert (conflict.user, conflict.reason, conflict.state) == (user, reason, State.OPEN)
    assert (conflict.user_name, conflict.external_id, conflict.first_name) == (said[0], "00U1", "Ada")
    changed = {label for label, rows in after.items() if rows != before[label]}
    assert changed == {"identity.Conflict", "identity.ProvisioningLog"}
    row = ProvisioningLog.objects.get()
    assert (row.status, row.outcome, row.code, row.user) == (409, "refused", reason, user)


def test_an_account_of_another_idp_is_a_conflict() -> None:
    provision(make_idp("Entra"))
    assert conflict_over(make_idp()).reason == Reason.OTHER_PROVIDER


def test_an_account_that_another_idp_deleted_is_still_its_own() -> None:
    deprovision(provision(make_idp("Entra")))
    assert conflict_over(make_idp()).reason == Reason.OTHER_PROVIDER


@pytest.mark.parametrize("came_back", [False, True])
def test_what_another_idp_calls_somebody_is_in_nobodys_way(came_back: bool) -> None:
    entra = make_idp("Entra")
    ada = resend(provision(entra, external_id="1"), "grace", "ada@example.test", external_id="1")
    if came_back:
        deprovision(ada)
        assert provision(entra, "grace", "ada@example.test", external_id="1").user_id == ada.user_id
    grace = provision(make_idp(), "grace", "grace@example.test", external_id="1").user
    assert (grace.pk != ada.user_id, grace.username) == (True, "grace")


def test_an_account_with_another_record_of_this_idp_is_a_conflict_that_cannot_be_linked() -> None:
    idp = make_idp()
    resend(provision(idp), "countess", "ada@example.test")
    conflict = conflict_over(idp, "ada", "new@example.test")
    assert (conflict.reason, conflict.can_be_linked) == (Reason.ALREADY_LINKED, False)
    with pytest.raises(Refused) as refusal:
        conflicts.link_conflict(conflict, actor=OPERATOR)
    assert refusal.value.code == "already_linked"


def test_the_owner_of_the_username_is_named_before_the_owner_of_the_email() -> None:
    make_user("grace", email="wanted@example.test")
    ada = make_user("ada")
    conflict = conflict_over(make_idp(), "ada", "wanted@example.test")
    assert (conflict.user, conflict.reason) == (ada, Reason.OTHER_EMAIL)


def test_repeats_raise_the_count() -> None:
    make_user("ada", role=Role.SUPPORT)
    idp = make_idp()
    for _ in range(3):
        conflict = conflict_over(idp)
    assert (Conflict.objects.count(), conflict.tries) == (1, 3)


# --- R7: deciding -----------------------------------------------------------------------------------------


def test_an_approved_link_is_made_at_the_next_try() -> None:
    user = make_user("ada", email="home@example.test", first_name="A.")
    idp = make_idp()
    conflicts.link_conflict(conflict_over(idp, external_id="00U1"), actor=administrator())
    sso_user = provision(idp, external_id="00U1", first_name="Ada")
    user.refresh_from_db()
    assert sso_user.user_id == user.pk
    assert (user.username, user.email, user.first_name) == ("ada", "home@example.test", "Ada")
    assert Conflict.objects.get().state == State.RESOLVED
    assert AuditEvent.objects.latest("id").action == "user.linked"


@pytest.mark.parametrize(
    ("user_name", "email", "external_id"),
    [
        ("ada", "other@example.test", "00U1"),
        ("ada", "ada@example.test", "00U2"),
        ("ada", "ada@example.test", None),
    ],
)
def test_an_approval_is_for_exactly_what_was_sent(user_name: str, email: str, external_id: str | None) -> None:
    make_user("ada", role=Role.SUPPORT)
    idp = make_idp()
    conflicts.link_conflict(conflict_over(idp, external_id="00U1"), actor=owner())
    conflict = conflict_over(idp, user_name, email, external_id=external_id)
    assert conflict.state == State.OPEN
    assert not SSOUser.objects.exists()


def test_an_approval_is_for_this_idp() -> None:
    make_user("ada", status=Status.DISABLED)
    idp = make_idp()
    conflicts.link_conflict(conflict_over(idp), actor=administrator())
    assert conflict_over(make_idp("Entra")).reason == Reason.OTHER_PROVIDER
    assert provision(idp).user.status == Status.ENABLED


def test_a_privileged_account_needs_an_owner_and_keeps_its_role() -> None:
    make_user("ada", role=Role.ADMINISTRATOR)
    idp = make_idp()
    conflict = conflict_over(idp)
    with pytest.raises(Refused) as refusal:
        conflicts.link_conflict(conflict, actor=administrator())
    assert refusal.value.code == "owner_required"
    conflicts.link_conflict(conflict, actor=owner())
    assert provision(idp).user.role == Role.ADMINISTRATOR


def test_an_account_that_became_privileged_after_the_approval_is_asked_about_again() -> None:
    user = make_user("ada", email="home@example.test", password=PASSWORD)
    idp = make_idp()
    conflict = conflict_over(idp)
    conflicts.link_conflict(conflict, actor=administrator())
    users.change_role(user, Role.OWNER, actor=OPERATOR)
    assert conflict_over(idp).state == State.OPEN
    conflicts.link_conflict(conflict, actor=OPERATOR)
    users.set_break_glass(user, True, actor=OPERATOR)
    assert conflict_over(idp).reason == Reason.BREAK_GLASS


def test_a_break_glass_account_is_never_linked() -> None:
    make_break_glass("ada")
    conflict = conflict_over(make_idp())
    assert not conflict.can_be_linked
    for decide in (conflicts.link_conflict, conflicts.move_conflict):
        with pytest.raises(Refused):
            decide(conflict, actor=owner())
    assert conflicts.dismiss_conflict(conflict, actor=owner()).state == State.DISMISSED


def test_a_moved_account_leaves_the_other_idp_first() -> None:
    entra, okta = make_idp("Entra"), make_idp()
    old = provision(entra)
    sign_in_by_sso(old.user, entra)
    conflict = conflict_over(okta)
    with pytest.raises(Refused) as refusal:
        conflicts.link_conflict(conflict, actor=administrator())
    assert refusal.value.code == "needs_move"
    conflicts.move_conflict(conflict, actor=administrator())
    user = User.objects.get(pk=old.user_id)
    assert (user.managed_by, user.status) == (None, Status.ENABLED)
    assert not user.sso_identities.exists()
    assert not SSOUser.objects.filter(pk=old.pk).exists()
    assert conflict_over(entra).reason == Reason.OTHER_PROVIDER  # it does not snatch the account back
    new = provision(okta)
    assert (new.user_id, new.identity_provider_id) == (old.user_id, okta.pk)


def test_an_approval_falls_when_another_idp_took_the_account_meanwhile() -> None:
    okta, entra = make_idp(), make_idp("Entra")
    make_user("ada", email="home@example.test")
    conflicts.link_conflict(conflict_over(okta), actor=OPERATOR)
    stolen = conflict_over(entra)
    conflicts.link_conflict(stolen, actor=OPERATOR)
    deprovision(provision(entra))
    assert conflict_over(okta).reason == Reason.OTHER_PROVIDER


def test_a_dismissed_conflict_reopens_when_the_idps_data_change() -> None:
    make_user("ada", role=Role.SUPPORT)
    idp = make_idp()
    conflicts.dismiss_conflict(conflict_over(idp, first_name="Ada"), actor=administrator())
    assert conflict_over(idp, first_name="Ada").state == State.DISMISSED
    assert conflict_over(idp, first_name="Augusta").state == State.OPEN


def test_what_was_decided_is_not_decided_again() -> None:
    make_user("ada", email="home@example.test")
    idp = make_idp()
    conflict = conflict_over(idp)
    conflicts.link_conflict(conflict, actor=OPERATOR)
    with pytest.raises(Refused) as refusal:
        conflicts.link_conflict(conflict, actor=OPERATOR)
    assert refusal.value.code == "already_decided"
    provision(idp)
    for decide in (conflicts.link_conflict, conflicts.move_conflict, conflicts.dismiss_conflict):
        with pytest.raises(Refused):
            decide(conflict, actor=OPERATOR)


def test_moving_is_for_accounts_of_another_idp() -> None:
    make_user("ada", role=Role.SUPPORT)
    with pytest.raises(Refused) as refusal:
        conflicts.move_conflict(conflict_over(make_idp()), actor=OPERATOR)
    assert refusal.value.code == "nothing_to_move"


@pytest.mark.parametrize("decide", [conflicts.link_conflict, conflicts.move_conflict, conflicts.dismiss_conflict])
def test_a_member_decides_nothing(decide: Any) -> None:
    make_user("ada", role=Role.SUPPORT)
    with pytest.raises(Refused, match="Resolving conflicts needs the role"):
        decide(conflict_over(make_idp()), actor=Person(make_user("mia")))


def test_a_decision_is_on_record() -> None:
    make_user("ada", email="home@example.test")
    actor = administrator()
    conflict = conflicts.link_conflict(conflict_over(make_idp()), actor=actor)
    assert (conflict.decided_by, conflict.state) == (actor.user, State.APPROVED)
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor_id) == ("conflict.link_approved", actor.id)


# --- R7: a username of one's own --------------------------------------------------------------------------


def renamed_and_succeeded(idp: IdentityProvider, email: str | None = "", **said: Any) -> Conflict:
    """Alice is called asmith there by now, and a new colleague is sent as alice."""
    first = provision(idp, "alice", first_name="Alice", last_name="Smith", external_id="A1")
    resend(first, "asmith", "asmith@example.test", external_id="A1")
    return conflict_over(idp, "alice", email, external_id="B1", **said)


@pytest.mark.parametrize("email", ["new@example.test", "alice@example.test", None])
def test_who_is_called_as_somebody_was_before_gets_a_username_of_their_own(email: str | None) -> None:
    idp = make_idp()
    conflict = renamed_and_succeeded(idp, email, first_name="Alicia")
    assert "userName alice" in conflicts.sentence(conflict)
    assert "the permanent username of the portal user Alice Smith" in conflicts.sentence(conflict)
    conflicts.give_own_username(conflict, username="alice.b", actor=administrator())
    sso_user = provision(idp, "alice", email, external_id="B1", first_name="Alicia")
    user = sso_user.user
    assert (sso_user.user_name, sso_user.email, user.username) == ("alice", email, "alice.b")
    assert user.email == (None if email == "alice@example.test" else email)
    assert (user.managed_by, user.role, user.status) == (idp, Role.MEMBER, Status.ENABLED)
    assert dict(User.objects.exclude(role=Role.ADMINISTRATOR).values_list("username", "first_name")) == {
        "alice": "Alice",
        "alice.b": "Alicia",
    }
    assert Conflict.objects.get().state == State.RESOLVED
    row = ProvisioningLog.objects.latest("id")
    assert (row.status, row.outcome) == (201, "partly")
    assert row.details["ignored"]["userName"] == {"from": "alice.b", "to": "alice"}
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.personal_data.values["username"]) == ("user.provisioned", "alice.b")


def test_the_newcomer_follows_the_idp_like_everybody_and_comes_back_after_delete() -> None:
    idp = make_idp()
    conflicts.give_own_username(renamed_and_succeeded(idp), username="alice.b", actor=administrator())
    sso_user = provision(idp, "alice", external_id="B1")
    resend(sso_user, "alice", external_id="B1", first_name="Alicia")
    assert ProvisioningLog.objects.latest("id").outcome == "applied"
    deprovision(sso_user)
    back = provision(idp, "alice", external_id="B1")
    assert (back.user_id, back.user.username) == (sso_user.user_id, "alice.b")


def test_the_newcomer_beside_a_local_account_comes_back_after_delete_too() -> None:
    make_user("alice", email="home@example.test")
    idp = make_idp()
    conflicts.give_own_username(conflict_over(idp, "alice"), username="alice.b", actor=administrator())
    sso_user = provision(idp, "alice")
    deprovision(sso_user)
    assert provision(idp, "alice").user_id == sso_user.user_id


def test_a_newcomer_needs_no_owner_where_the_account_has_a_role() -> None:
    make_user("alice", role=Role.OWNER)
    idp = make_idp()
    conflict = conflict_over(idp, "alice", "new@example.test")
    conflicts.give_own_username(conflict, username="alice.b", actor=administrator())
    assert provision(idp, "alice", "new@example.test").user.username == "alice.b"


@pytest.mark.parametrize(
    ("account", "said", "code"),
    [
        ({"role": Role.SUPPORT}, ("ada",), "no_newcomer"),
        ({"status": Status.DISABLED}, ("ada",), "no_newcomer"),
        ({}, ("grace", "ada@example.test"), "no_newcomer"),
        ({}, ("ada", "taken@example.test"), "email_taken"),
        ({"role": Role.OWNER, "is_break_glass": True}, ("ada", "new@example.test"), "no_newcomer"),
    ],
)
def test_where_more_than_the_username_collides_another_one_does_not_help(
    account: dict[str, Any], said: tuple[str, ...], code: str
) -> None:
    make_user("ada", **account)
    make_user("other", email="taken@example.test")
    conflict = conflict_over(make_idp(), *said)
    with pytest.raises(Refused) as refusal:
        conflicts.give_own_username(conflict, username="ada.b", actor=owner())
    assert refusal.value.code == code


@pytest.mark.parametrize("username", ["ALICE", "adam", "promised", "", " x", "a\u200bb", "x" * 256])
def test_a_username_of_ones_own_is_free_and_well_formed(username: str) -> None:
    idp = make_idp()
    make_user("bob", email="home@example.test")
    conflicts.give_own_username(conflict_over(idp, "bob"), username="Promised", actor=administrator())
    conflict = renamed_and_succeeded(idp)
    with pytest.raises(Taken if username in {"ALICE", "adam", "promised"} else InvalidValue):
        conflicts.give_own_username(conflict, username=username, actor=administrator())
    conflict.refresh_from_db()
    assert (conflict.state, conflict.own_username) == (State.OPEN, "")


@pytest.mark.parametrize(
    ("email", "external_id"), [("other@example.test", "B1"), ("alice.new@example.test", "B2"), (None, "B1")]
)
def test_a_username_of_ones_own_is_for_exactly_what_was_sent(email: str | None, external_id: str) -> None:
    idp = make_idp()
    conflict = renamed_and_succeeded(idp, "alice.new@example.test")
    conflicts.give_own_username(conflict, username="alice.b", actor=administrator())
    conflict = conflict_over(idp, "alice", email, external_id=external_id)
    assert (conflict.state, conflict.own_username) == (State.OPEN, "")
    assert not User.objects.filter(username="alice.b").exists()


def test_an_approval_falls_when_the_username_was_given_away_meanwhile() -> None:
    idp = make_idp()
    conflicts.give_own_username(renamed_and_succeeded(idp), username="alice.b", actor=administrator())
    make_user("alice.b")
    conflict = conflict_over(idp, "alice", external_id="B1")
    assert (conflict.state, conflict.own_username) == (State.OPEN, "")
    conflicts.give_own_username(conflict, username="alice.c", actor=administrator())
    assert provision(idp, "alice", external_id="B1").user.username == "alice.c"


def test_an_approval_that_was_dismissed_gives_no_username() -> None:
    idp = make_idp()
    conflict = conflicts.give_own_username(renamed_and_succeeded(idp), username="alice.b", actor=administrator())
    conflicts.dismiss_conflict(conflict, actor=administrator())
    assert conflict_over(idp, "alice", external_id="B1").state == State.DISMISSED


def test_a_newcomer_takes_nothing_from_the_account_that_has_the_name() -> None:
    """Another IdP may be promised the account itself meanwhile: the newcomer's approval promises it to nobody."""
    okta, entra = make_idp(), make_idp("Entra")
    alice = make_user("alice", email="home@example.test")
    conflicts.give_own_username(conflict_over(okta, "alice"), username="alice.b", actor=administrator())
    assert provision(entra, "alice", "home@example.test").user_id == alice.pk


# --- R9: coming back --------------------------------------------------------------------------------------


def test_the_portals_values_revive_although_the_record_had_moved_on() -> None:
    idp = make_idp()
    first = provision(idp)
    deprovision(resend(first, "countess", "countess@example.test"))
    assert provision(idp).user_id == first.user_id


def test_the_last_records_values_revive() -> None:
    idp = make_idp()
    first = provision(idp)
    deprovision(resend(first, "countess", "countess@example.test"))
    second = provision(idp, "countess")
    assert (second.user_id, second.user_name) == (first.user_id, "countess")
    assert (second.user.username, second.user.email) == ("ada", "ada@example.test")


def test_an_older_records_values_revive_nobody() -> None:
    idp = make_idp()
    first = provision(idp)
    deprovision(resend(first, "countess", "countess@example.test"))
    deprovision(resend(provision(idp), "king", "king@example.test"))
    assert provision(idp, "countess").user_id != first.user_id
    assert provision(idp, "king").user_id == first.user_id


def test_half_of_the_last_records_values_mean_somebody_else() -> None:
    idp = make_idp()
    first = provision(idp)
    deprovision(resend(first, "countess", "countess@example.test"))
    assert provision(idp, "countess", "other@example.test").user_id != first.user_id


def test_the_username_with_another_email_is_a_conflict_after_delete_too() -> None:
    idp = make_idp()
    deprovision(provision(idp))
    assert conflict_over(idp, "ada", "other@example.test").reason == Reason.OTHER_EMAIL


def test_a_user_name_that_a_portal_user_has_by_now_is_a_conflict() -> None:
    idp = make_idp()
    deprovision(resend(provision(idp), "countess", "ada@example.test"))
    countess = make_user("countess", email="other@example.test")
    conflict = conflict_over(idp, "countess", "ada@example.test")
    assert (conflict.user, conflict.reason) == (countess, Reason.OTHER_EMAIL)


def test_the_last_enabled_owner_is_not_revived_into_a_member() -> None:
    idp = make_idp()
    user = provision(idp).user
    deprovision(user.sso_user)
    set_mode(scim=False)
    users.enable_user(user, actor=OPERATOR)
    users.change_role(user, Role.OWNER, actor=OPERATOR)
    set_mode()
    assert conflict_over(idp).reason == Reason.PRIVILEGED
    assert User.objects.get().role == Role.OWNER


def test_an_inactive_record_revives_a_disabled_account() -> None:
    idp = make_idp()
    deprovision(provision(idp))
    assert provision(idp, active=False).user.status == Status.DISABLED


def test_a_revived_record_is_taken_for_the_next_try() -> None:
    idp = make_idp()
    deprovision(resend(provision(idp), "countess", "countess@example.test"))
    provision(idp, "countess")
    with pytest.raises(Taken):
        provision(idp, "countess")
    assert not idp.conflicts.exists()


def test_an_operator_may_decide_like_an_owner() -> None:
    make_user("ada", role=Role.OWNER)
    conflict = conflicts.link_conflict(conflict_over(make_idp()), actor=Operator("resolve_conflict"))
    assert (conflict.state, conflict.decided_by) == (State.APPROVED, None)
