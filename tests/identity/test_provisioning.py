"""R1-R4, R8, R11: what an IdP's pushes of one person do."""

import uuid
from typing import Any

import pytest
from django.core import mail

from identity.core.errors import InvalidValue, NotFound, Refused, Taken, VersionMismatch
from identity.models import (
    AuditEvent,
    ProvisioningLog,
    RetiredResource,
    Role,
    SSOUser,
    SSOUserValue,
    Status,
    User,
)
from identity.services import users
from identity.services.provisioning import people
from tests.factories import (
    OPERATOR,
    change_members,
    deprovision,
    exactly,
    idp_actor,
    make_asset,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    owner,
    person,
    provision,
    push_group,
    resend,
    set_mode,
    sign_in_by_sso,
)

pytestmark = pytest.mark.django_db


def test_a_person_is_stored_on_both_sides() -> None:
    idp = make_idp()
    sso_user = provision(idp, "Ada", "Ada@Example.test", first_name="Ada", last_name="Lovelace", external_id="00U1")
    user = User.objects.get()
    assert (user.username, user.username_key) == ("Ada", "ada")
    assert (user.email, user.email_key) == ("Ada@Example.test", "ada@example.test")
    assert (user.first_name, user.last_name, user.role) == ("Ada", "Lovelace", Role.MEMBER)
    assert (user.status, user.last_active, user.managed_by) == (Status.ENABLED, None, idp)
    assert not user.has_usable_password()
    assert (sso_user.user, sso_user.identity_provider_id) == (user, idp.pk)
    assert (sso_user.user_name, sso_user.external_id, sso_user.active) == ("Ada", "00U1", True)
    assert SSOUserValue.objects.get().key == "ada@example.test"


def test_a_new_person_leaves_one_event_and_one_log_row() -> None:
    idp = make_idp()
    sso_user = provision(idp, first_name="Ada")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.user_id) == ("user.provisioned", sso_user.user_id)
    assert (event.actor_kind, event.actor_id, event.identity_provider_id) == ("scim_token", 1, idp.pk)
    assert event.details == {"scim_id": str(sso_user.scim_id), "status": "enabled"}
    assert event.personal_data.values == {
        "username": "ada",
        "email": "ada@example.test",
        "first_name": "Ada",
    }
    row = ProvisioningLog.objects.get()
    assert (row.outcome, row.status, row.user_id) == ("applied", 201, sso_user.user_id)
    assert row.summary == "Created Ada (ada), enabled."
    assert AuditEvent.objects.filter(user_id=sso_user.user_id).count() == 1


def test_an_inactive_person_is_created_disabled() -> None:
    sso_user = provision(make_idp(), active=False)
    assert (sso_user.user.status, sso_user.active) == (Status.DISABLED, False)


@pytest.mark.parametrize("email", [None, ""])
def test_a_person_without_an_email_has_none(email: str | None) -> None:
    record = person("ada", None)
    idp = make_idp()
    sso_user = people.provision_user(type(record)(user_name="ada", email=email), actor=idp_actor(idp))
    assert (sso_user.user.email, sso_user.user.email_key, sso_user.email) == (None, None, None)


def test_two_people_without_emails_do_not_collide() -> None:
    idp = make_idp()
    provision(idp, "ada", None)
    provision(idp, "grace", None)
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "attribute"),
    [
        ({"user_name": "a\u200bda"}, "userName"),
        ({"user_name": " ada"}, "userName"),
        ({"email": "a\x00@x.test"}, "emails.value"),
        ({"external_id": "x" * 256}, "externalId"),
        ({"first_name": "x" * 256}, "name.givenName"),
        ({"last_name": "Love\nlace"}, "name.familyName"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named(said: dict[str, str], attribute: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        provision(make_idp(), **{"user_name": "ada", **said})
    assert refusal.value.attribute == attribute
    assert not User.objects.exists()


def test_a_repeated_post_is_taken_and_records_no_conflict() -> None:
    idp = make_idp()
    provision(idp)
    with pytest.raises(Taken, match="userName ADA belongs to another user of this identity provider") as refusal:
        provision(idp, "ADA", "ada@example.test")
    assert refusal.value.code == "taken"
    assert not idp.conflicts.exists()


def test_what_changes_later_is_kept_on_the_idps_record() -> None:
    sso_user = provision(make_idp(), first_name="Ada", last_name="Byron")
    resend(sso_user, "countess", "countess@example.test", first_name="Augusta", last_name="King")
    sso_user = SSOUser.objects.get()
    user = sso_user.user
    assert (user.username, user.email) == ("ada", "ada@example.test")
    assert (user.first_name, user.last_name) == ("Augusta", "King")
    assert (sso_user.user_name, sso_user.user_name_key) == ("countess", "countess")
    assert (sso_user.email, sso_user.keys["userName"]) == ("countess@example.test", "countess")
    assert SSOUserValue.objects.get().key == "countess@example.test"
    row = ProvisioningLog.objects.latest("id")
    assert row.outcome == "partly"
    assert row.details == {
        "ignored": {
            "userName": {"from": "ada", "to": "countess"},
            "email": {"from": "ada@example.test", "to": "countess@example.test"},
        }
    }
    event = AuditEvent.objects.latest("id")
    assert event.action == "user.updated"
    assert event.details["ignored"] == ["email", "userName"]
    assert "countess" not in str(event.details)
    assert event.personal_data.values["userName"] == {"from": "ada", "to": "countess"}


def test_a_value_is_logged_as_ignored_once() -> None:
    sso_user = provision(make_idp())
    resend(sso_user, "countess", "countess@example.test")
    resend(sso_user, "countess", "countess@example.test", first_name="Augusta")
    row = ProvisioningLog.objects.latest("id")
    assert (row.outcome, row.details) == ("applied", {})


def test_only_the_case_of_a_user_name_changed() -> None:
    sso_user = provision(make_idp())
    resend(sso_user, "ADA", "ada@example.test")
    assert SSOUser.objects.get().user_name == "ADA"
    assert User.objects.get().username == "ada"
    assert ProvisioningLog.objects.latest("id").outcome == "applied"


def test_a_later_user_name_that_another_record_has_is_refused() -> None:
    idp = make_idp()
    sso_user = provision(idp)
    resend(provision(idp, "hopper"), "grace", "hopper@example.test")
    before = SSOUser.objects.values().get(pk=sso_user.pk)
    with pytest.raises(Taken, match="userName Grace belongs to another user of this identity provider"):
        resend(sso_user, "Grace", first_name="Ada")
    assert SSOUser.objects.values().get(pk=sso_user.pk) == before
    assert User.objects.get(pk=sso_user.user_id).first_name == ""


def test_a_later_user_name_that_only_a_portal_user_has_is_taken() -> None:
    make_user("grace")
    sso_user = provision(make_idp())
    resend(sso_user, "grace", first_name="Ada")
    sso_user = SSOUser.objects.get()
    assert (sso_user.user_name, sso_user.user.username, sso_user.user.first_name) == ("grace", "ada", "Ada")


def test_people_who_swap_their_names_are_put_right_by_way_of_a_third() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    for sso_user, user_name in ((ada, "joan"), (grace, "ada"), (ada, "grace")):
        resend(sso_user, user_name)
    assert dict(SSOUser.objects.values_list("user_name", "user__username")) == {"grace": "ada", "ada": "grace"}


@pytest.mark.parametrize("active", [False, None])
def test_a_request_that_results_in_inactive_always_deactivates(active: bool | None) -> None:
    idp = make_idp()
    sso_user = provision(idp, active=active)
    if active is None:
        people.update_user(sso_user.scim_id, lambda row: person(active=False), actor=idp_actor(idp))
    provision(idp, "grace")
    resend(sso_user, "grace", first_name="Augusta", active=active)
    sso_user = SSOUser.objects.get(pk=sso_user.pk)
    assert sso_user.user.status == Status.DISABLED
    assert sso_user.user.first_name == "Augusta"
    assert (sso_user.user_name, sso_user.keys["userName"]) == ("ada", "ada")
    assert sso_user.attributes["userName"] == "ada"
    row = ProvisioningLog.objects.latest("id")
    assert row.details["ignored"]["userName"] == {"from": "ada", "to": "grace"}


TOO_LONG = "x" * 256
CANT_BE_TAKEN: list[tuple[str, str | None, dict[str, str]]] = [
    (TOO_LONG, "", {}),
    ("gr\u200bace", "", {}),
    (" grace", "", {}),
    ("grace", TOO_LONG, {}),
    ("grace", "gr\u202eace@example.test", {}),
    ("grace", "", {"external_id": TOO_LONG}),
    ("grace", "", {"external_id": "a\nb"}),
    ("grace", "", {"first_name": TOO_LONG}),
    ("grace", "", {"last_name": "a\x00b"}),
    (TOO_LONG, TOO_LONG, {"external_id": TOO_LONG, "first_name": TOO_LONG, "last_name": TOO_LONG}),
]


@pytest.mark.parametrize(("user_name", "email", "more"), CANT_BE_TAKEN)
def test_what_cant_be_taken_of_a_leaver_is_left_out_and_keeps_nobody_in(
    user_name: str, email: str | None, more: dict[str, Any]
) -> None:
    sso_user = provision(make_idp(), external_id="00U1", first_name="Ada", last_name="Byron")
    with pytest.raises(InvalidValue):
        resend(sso_user, user_name, email, **more)
    resend(sso_user, user_name, email, active=False, **{"external_id": "00U1", "last_name": "King", **more})
    sso_user = SSOUser.objects.get()
    wrong = {TOO_LONG, "gr\u200bace", " grace", "gr\u202eace@example.test", "a\nb", "a\x00b"} & {
        user_name,
        email,
        *more.values(),
    }
    assert (sso_user.user.status, sso_user.active, sso_user.external_id) == (Status.DISABLED, False, "00U1")
    assert not wrong & {sso_user.user_name, sso_user.email, sso_user.user.first_name, sso_user.user.last_name}
    assert sso_user.user.last_name == ("Byron" if "last_name" in more else "King")
    row = ProvisioningLog.objects.latest("id")
    assert row.outcome == "partly"
    assert "Left out:" in row.summary
    assert row.details["left_out"]


def test_another_idps_user_name_is_not_in_the_way() -> None:
    sso_user = provision(make_idp())
    other = provision(make_idp("Entra"), "grace")
    resend(other, "hopper", "grace@example.test")
    resend(sso_user, "hopper")
    assert SSOUser.objects.get(pk=sso_user.pk).user_name == "hopper"


def test_a_missing_email_is_taken_when_it_arrives() -> None:
    sso_user = provision(make_idp(), "ada", None)
    resend(sso_user, "ada", "Ada@example.test")
    user = User.objects.get()
    assert (user.email, user.email_key) == ("Ada@example.test", "ada@example.test")


def test_a_missing_email_that_somebody_else_has_is_only_stored() -> None:
    make_user("grace", email="ada@example.test")
    sso_user = provision(make_idp(), "ada", None)
    resend(sso_user)
    sso_user = SSOUser.objects.get()
    assert (sso_user.email, sso_user.user.email) == ("ada@example.test", None)
    assert ProvisioningLog.objects.latest("id").details["ignored"]["email"]["from"] is None


def test_an_email_that_the_idp_takes_away_stays_in_the_portal() -> None:
    sso_user = provision(make_idp())
    resend(sso_user, "ada", None)
    sso_user = SSOUser.objects.get()
    assert (sso_user.email, sso_user.user.email) == (None, "ada@example.test")


def test_names_follow_over_an_administrators_edit() -> None:
    sso_user = provision(make_idp(), first_name="Ada")
    users.edit_profile(sso_user.user, first_name="Countess", last_name="", email="ada@example.test", actor=OPERATOR)
    resend(sso_user, first_name="Ada")
    assert User.objects.get().first_name == "Ada"


def test_what_a_request_does_not_carry_stays() -> None:
    sso_user = provision(make_idp(), first_name="Ada", active=False)
    resend(sso_user)
    user = User.objects.get()
    assert (user.first_name, user.status) == ("Ada", Status.DISABLED)


def test_a_request_that_changes_nothing_leaves_the_version() -> None:
    sso_user = provision(make_idp(), first_name="Ada")
    events = AuditEvent.objects.count()
    resend(sso_user, first_name="Ada")
    assert SSOUser.objects.get().version == 1
    assert AuditEvent.objects.count() == events
    assert ProvisioningLog.objects.latest("id").outcome == "unchanged"


def test_each_change_moves_the_version_once() -> None:
    sso_user = provision(make_idp())
    answer = resend(sso_user, first_name="Ada", active=False)
    stored = SSOUser.objects.get()
    assert (answer.version, stored.version) == (2, 2)
    assert answer.modified_at == stored.modified_at


def test_the_version_moves_when_an_administrator_changes_the_status() -> None:
    sso_user = provision(make_idp())
    set_mode(scim=False)
    users.disable_user(sso_user.user, actor=OPERATOR)
    assert SSOUser.objects.get().version == 2
    set_mode()
    answer = resend(sso_user, active=True)
    stored = SSOUser.objects.get()
    assert (answer.version, stored.version) == (3, 3)
    assert answer.modified_at == stored.modified_at


def test_a_version_that_has_moved_on_is_refused() -> None:
    sso_user = provision(make_idp())
    with pytest.raises(VersionMismatch):
        people.update_user(
            sso_user.scim_id,
            lambda row: person(active=False),
            actor=idp_actor(sso_user.identity_provider),
            version=lambda now: now == 7,
        )
    assert User.objects.get().status == Status.ENABLED


def test_another_idps_person_does_not_exist() -> None:
    sso_user = provision(make_idp())
    stranger = idp_actor(make_idp("Entra"))
    with pytest.raises(NotFound):
        people.update_user(sso_user.scim_id, lambda row: person(), actor=stranger)
    with pytest.raises(NotFound):
        people.deprovision_user(sso_user.scim_id, actor=stranger)
    with pytest.raises(NotFound):
        people.deprovision_user(uuid.uuid4(), actor=stranger)
    assert User.objects.get().status == Status.ENABLED


def test_inactive_keeps_everything_and_active_gives_it_back() -> None:
    idp = make_idp()
    sso_user = provision(idp)
    group, local = make_group("Mapped"), make_group("Local", sso_user.user)
    map_group(push_group(idp, "Engineering", sso_user), group)
    make_asset(sso_user.user)
    resend(sso_user, active=False)
    user = User.objects.get()
    assert (user.status, user.credential_epoch) == (Status.DISABLED, 1)
    assert (members_of(group), members_of(local), user.assets.count()) == ({"ada"}, {"ada"}, 1)
    resend(sso_user, active=True)
    assert User.objects.get().status == Status.ENABLED
    actions = AuditEvent.objects.filter(user_id=user.pk).order_by("id").values_list("action", flat=True)
    assert [action for action in actions if action in {"user.disabled", "user.enabled"}] == [
        "user.disabled",
        "user.enabled",
    ]


def test_delete_ends_sso_memberships_and_those_of_mapped_groups() -> None:
    idp = make_idp()
    sso_user, other = provision(idp), provision(idp, "grace")
    group, local = make_group("Mapped"), make_group("Local", sso_user.user)
    sso_group = push_group(idp, "Engineering", sso_user, other)
    map_group(sso_group, group)
    make_asset(sso_user.user)
    deprovision(sso_user)
    user = User.objects.get(username="ada")
    assert (user.status, user.managed_by) == (Status.DISABLED, idp)
    assert (members_of(group), members_of(local), user.assets.count()) == ({"grace"}, {"ada"}, 1)
    assert not SSOUser.objects.filter(user=user).exists()
    retired = RetiredResource.objects.get()
    assert (retired.scim_id, retired.user) == (sso_user.scim_id, user)
    sso_group.refresh_from_db()
    assert sso_group.version == 2
    event = AuditEvent.objects.get(action="user.deprovisioned")
    assert event.details == {"scim_id": str(sso_user.scim_id), "left_groups": 1}
    with pytest.raises(NotFound):
        deprovision(sso_user)


def test_a_returning_person_gets_the_account_back() -> None:
    idp = make_idp()
    first = provision(idp, external_id="00U1", first_name="Ada")
    local = make_group("Local", first.user)
    User.objects.update(role=Role.ADMINISTRATOR)
    sign_in_by_sso(first.user, idp)
    deprovision(first)
    second = provision(idp, external_id="00U1", first_name="Augusta")
    assert (second.user_id, second.user.status) == (first.user_id, Status.ENABLED)
    assert (second.user.role, second.user.first_name) == (Role.MEMBER, "Augusta")
    assert second.scim_id != first.scim_id
    assert members_of(local) == {"ada"}
    assert second.user.sso_identities.exists()
    assert AuditEvent.objects.latest("id").action == "user.revived"
    assert ProvisioningLog.objects.latest("id").summary == "Revived Augusta (ada), enabled."


@pytest.mark.django_db(transaction=False)
def test_a_namesake_with_another_external_id_starts_afresh(
    django_capture_on_commit_callbacks: object,
) -> None:
    owner()
    idp = make_idp()
    first = provision(idp, external_id="00U1")
    local = make_group("Local", first.user)
    sign_in_by_sso(first.user, idp)
    deprovision(first)
    with django_capture_on_commit_callbacks(execute=True):
        second = provision(idp, external_id="00U2")
    assert second.user_id == first.user_id
    assert members_of(local) == set()
    assert not second.user.sso_identities.exists()
    assert not second.user.has_usable_password()
    assert AuditEvent.objects.latest("id").details["other_external_id"] is True
    assert [message.to for message in mail.outbox] == [["olga@example.test"]]


def test_the_last_enabled_owner_is_neither_disabled_nor_demoted_by_an_idp() -> None:
    sso_user = provision(make_idp())
    User.objects.update(role=Role.OWNER)
    with pytest.raises(Refused) as refusal:
        resend(sso_user, active=False)
    assert refusal.value.code == "last_enabled_owner"
    with pytest.raises(Refused):
        deprovision(sso_user)
    assert User.objects.get().status == Status.ENABLED


def test_members_of_a_group_are_kept_when_a_person_is_renamed() -> None:
    idp = make_idp()
    sso_user = provision(idp)
    sso_group = push_group(idp, "Engineering")
    group = make_group()
    map_group(sso_group, group)
    resend(sso_user, "countess", "ada@example.test")
    change_members(sso_group, exactly(sso_user))
    assert members_of(group) == {"ada"}
