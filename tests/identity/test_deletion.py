"""R10, SR-19: support deletes Disabled users for good; the trail stays, the person does not."""

import pytest
from django.apps import apps

from identity.core.actors import Person
from identity.core.errors import Conflicted, InvalidValue, NotFound, Refused
from identity.core.ways import Way
from identity.models import (
    Asset,
    AuditEvent,
    BulkRun,
    Conflict,
    DeletionRecord,
    ProvisioningLog,
    ReceivedRequest,
    RetiredResource,
    Role,
    SSOUser,
    Status,
    User,
)
from identity.services import bulk_runs, deletion, passkeys, users
from identity.services.provider_contacts import note_request
from identity.services.provisioning import people, turned_away
from identity.services.provisioning.log import log_refusal
from tests.factories import (
    OPERATOR,
    PASSWORD,
    change_members,
    deprovision,
    exactly,
    idp_actor,
    make_asset,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    owner,
    person,
    provision,
    push_group,
    resend,
    sign_in_by_sso,
    support,
)
from tests.passkeys import make_passkey, portal_at

pytestmark = pytest.mark.django_db


def delete(user: User, **changes: object) -> DeletionRecord:
    said = {"typed_username": user.username, "reason": "asked to", "actor": support(), **changes}
    return deletion.delete_permanently(user, **said)


def disabled(username: str = "mia") -> User:
    return make_user(username, status=Status.DISABLED)


def test_a_disabled_user_is_deleted_and_a_record_stays() -> None:
    user = disabled()
    actor = support()
    record = delete(user, actor=actor, typed_username=" MIA ")
    assert not User.objects.filter(pk=user.pk).exists()
    assert (record.user_id, record.deleted_by_id, record.reason) == (user.pk, actor.id, "asked to")
    assert record.username_digest == deletion.keyed_digest("mia")
    assert record.email_digest == deletion.keyed_digest("mia@example.test")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.user_id, event.actor_id) == ("user.deleted_permanently", user.pk, actor.id)
    assert event.details == {"deletion": record.pk, "assets_handed_over": 0}
    with pytest.raises(NotFound):
        delete(user)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"typed_username": "max"}, "username does not match"),
        ({"typed_username": ""}, "username does not match"),
        ({"reason": "  "}, "reason is needed"),
        ({"reason": "x" * 501}, "reason is longer than 500 characters"),
    ],
)
def test_a_deletion_needs_the_typed_username_and_a_reason(changes: dict[str, str], complaint: str) -> None:
    user = disabled()
    with pytest.raises(InvalidValue, match=complaint):
        delete(user, **changes)
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("status", [Status.ENABLED, Status.INVITED])
def test_only_a_disabled_user_is_deleted(status: Status) -> None:
    with pytest.raises(Refused) as refusal:
        delete(make_user(status=status))
    assert refusal.value.code == "not_disabled"


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMINISTRATOR, Role.OWNER])
def test_only_support_deletes(role: Role) -> None:
    with pytest.raises(Refused, match="Permanent deletion needs the role support"):
        delete(disabled(), actor=Person(make_user("actor", role=role)))


def test_an_operator_deletes_from_the_command_line() -> None:
    assert delete(disabled(), actor=OPERATOR).deleted_by_id is None


def test_what_was_owned_alone_needs_somebody_to_take_it_over() -> None:
    user, other, heir = disabled(), make_user("max"), make_user("hana")
    alone, shared = make_asset(user), make_asset(user, "Shared")
    shared.ownerships.create(user=other)
    assert [asset.pk for asset in deletion.preflight(user).owned_alone] == [alone.pk]
    with pytest.raises(Refused) as refusal:
        delete(user)
    assert refusal.value.code == "transferee_needed"
    delete(user, transferee=heir)
    assert {asset.name: set(asset.owners.values_list("username", flat=True)) for asset in Asset.objects.all()} == {
        "Wiki": {"hana"},
        "Shared": {"max"},
    }


def test_the_heir_is_somebody_else_and_not_disabled() -> None:
    user = disabled()
    make_asset(user)
    gone = make_user("gone")
    User.objects.filter(pk=gone.pk).delete()
    for heir in (user, disabled("max")):
        with pytest.raises(Refused) as refusal:
            delete(user, transferee=heir)
        assert refusal.value.code == "owner_disabled"
    with pytest.raises(InvalidValue, match="transferee no longer exists"):
        delete(user, transferee=gone)


def test_the_idps_record_goes_too_and_a_later_post_makes_a_new_user() -> None:
    idp = make_idp()
    other, sso_user = provision(idp, "grace"), provision(idp, active=False)
    user = sso_user.user
    sso_group = push_group(idp, "Engineering", sso_user)
    map_group(sso_group, make_group())
    preflight = deletion.preflight(user)
    assert (preflight.provisioned, [group.name for group in preflight.groups]) == (True, ["Builders"])
    assert delete(user).scim_ids == [str(sso_user.scim_id)]
    with pytest.raises(NotFound):
        people.update_user(sso_user.scim_id, lambda row: person(), actor=idp_actor(idp))
    sso_group.refresh_from_db()
    assert sso_group.version == 2
    change_members(sso_group, exactly(other, sso_user))  # a late push skips the id that is gone
    event = AuditEvent.objects.get(action="sso_group.updated").pk
    told = {"added": 1, "skipped": 1, "joined": 1, "event": event}
    assert ProvisioningLog.objects.latest("id").details == told
    again = provision(idp)
    assert again.user_id != user.pk
    assert again.scim_id != sso_user.scim_id


def test_all_ids_that_the_person_ever_had_are_recorded() -> None:
    idp = make_idp()
    first = provision(idp)
    deprovision(first)
    second = provision(idp, active=False)
    record = delete(second.user)
    assert set(record.scim_ids) == {str(first.scim_id), str(second.scim_id)}
    rows = RetiredResource.objects.values("user", "user_name_key", "email_key", "external_id")
    assert list(rows) == [{"user": None, "user_name_key": "", "email_key": "", "external_id": None}] * 2


def test_nothing_personal_is_left_in_any_table() -> None:
    idp, entra = make_idp(), make_idp("Entra")
    sso_user = provision(idp, "zaphod", "zaphod@beeblebrox.test", first_name="Zaphod", external_id="zaphod-1")
    user = sso_user.user
    resend(sso_user, "zaphod2", "zz@beeblebrox.test", first_name="Zaphodius")
    users.edit_profile(user, first_name="Zaphodette", last_name="", email="zaphod@beeblebrox.test", actor=owner())
    push_group(idp, "Engineering", sso_user)
    sign_in_by_sso(user, idp, subject="zaphod-1")
    users.change_role(user, Role.ADMINISTRATOR, actor=OPERATOR)
    for clash in ("zaphod", "zaphod2"):
        with pytest.raises(Exception, match="zaphod"):
            provision(entra, clash, "zaphod@beeblebrox.test")
    make_user("mallory", email="mallory@example.test")
    with pytest.raises(Exception, match="belongs to"):  # a conflict with somebody else names the person too
        provision(entra, "zaphod2", "mallory@example.test")
    log_refusal(
        "userName zaphod is taken.",
        actor=idp_actor(idp),
        status=409,
        code="taken",
        resource_type="User",
        resource_id=sso_user.scim_id,
    )
    for wanted, actor in (
        (turned_away.of_deleted_person(sso_user), idp_actor(idp)),
        (turned_away.of_new_person(person("zaphod"), idp_actor(entra)), idp_actor(entra)),
    ):
        turned_away.remember(wanted, Way.SCIM_OFF, actor=actor)
    resend(sso_user, "zaphod2", "zz@beeblebrox.test", active=False)
    deprovision(sso_user)
    delete(user, typed_username="zaphod")
    assert places_with("zaphod") == []
    assert places_with("beeblebrox") == []
    assert AuditEvent.objects.filter(user_id=user.pk).count() > 5


def test_passkeys_and_what_they_were_called_go_with_their_owner() -> None:
    mia = make_user("mia", password=PASSWORD)
    with portal_at():
        passkey = make_passkey(mia, name="The phone of Zaphod")
    passkeys.rename_passkey(passkey, name="Zaphod's laptop", actor=Person(mia))
    users.disable_user(mia, actor=OPERATOR)
    assert len(places_with("zaphod")) > 1
    delete(mia)
    assert places_with("zaphod") == []
    assert places_with(passkey.credential_id.lower()) == []


def test_a_conflict_of_somebody_else_that_has_the_email_alone_goes() -> None:
    """The address is the last one that the identity provider said: the portal never had it (R2)."""
    idp, entra = make_idp(), make_idp("Entra")
    ada = provision(idp)
    resend(ada, "ada", "lovelace@example.test", active=False)
    for name, email in (("max", "lovelace@example.test"), ("mia", "mia@elsewhere.test")):
        make_user(name)
        with pytest.raises(Conflicted):
            provision(entra, name, email)
    delete(ada.user)
    assert places_with("lovelace") == []
    assert [conflict.user_name for conflict in Conflict.objects.all()] == ["mia"]


def test_what_the_log_tells_of_a_namesake_stays() -> None:
    """Each identity provider calls somebody ada; so is somebody here, whom none of them has (R2)."""
    okta, entra = make_idp(), make_idp("Entra")
    ours, theirs = (resend(provision(idp, f"ada.{idp}"), "ada") for idp in (okta, entra))
    here = make_user("ada")
    for idp in (okta, entra):
        refused = {"status": 409, "code": "taken", "resource_type": "User", "subject_key": "ada"}
        log_refusal(f"userName ada is taken at {idp}.", actor=idp_actor(idp), **refused)
    run = bulk_runs.create_run(BulkRun.Kind.ENABLE, [bulk_runs.Wanted(here)], actor=OPERATOR)
    resend(ours, "ada", active=False)
    before = {(row.summary, row.subject_key) for row in ProvisioningLog.objects.filter(user=theirs.user)}
    delete(ours.user)
    assert {(row.summary, row.subject_key) for row in ProvisioningLog.objects.filter(user=theirs.user)} == before
    told = ProvisioningLog.objects.filter(params__sentence__startswith="userName ada is taken at")
    assert [row.summary for row in told] == ["userName ada is taken at Entra."]
    assert run.rows.get().user == here


@pytest.mark.parametrize("said", [{"username": "ADA"}, {"email": "Ada@example.test"}])
def test_what_a_file_said_of_the_person_goes_and_other_lines_stay(said: dict[str, str]) -> None:
    user = disabled("ada")
    line = {"username": "new", "email": "new@example.test", "first_name": "", "last_name": "", **said}
    other = {**line, "username": "max", "email": "max@example.test"}
    run = bulk_runs.create_run(
        BulkRun.Kind.INVITE, [bulk_runs.Wanted(values=line), bulk_runs.Wanted(values=other)], actor=OPERATOR
    )
    delete(user)
    assert [row.username for row in run.rows.all()] == ["max"]


def places_with(word: str) -> list[str]:
    """Where a word still is: in any column of any row of any table."""
    return [
        f"{model._meta.label} {row}"
        for model in apps.get_models()
        if model._meta.managed
        for row in model._default_manager.values()
        if word in str(row).lower()
    ]


def test_other_peoples_rows_stay() -> None:
    idp = make_idp()
    provision(idp, "grace")
    user = provision(idp, active=False).user
    delete(user)
    assert SSOUser.objects.get().user_name == "grace"
    assert ProvisioningLog.objects.filter(subject_key="grace").exists()
    assert AuditEvent.objects.filter(personal_data__isnull=False).exists()


def test_a_disabled_owner_may_be_deleted() -> None:
    make_owner()
    user = make_user("otto", role=Role.OWNER, status=Status.DISABLED)
    delete(user)
    assert not User.objects.filter(pk=user.pk).exists()


def test_what_an_idp_was_seen_asking_goes_too() -> None:
    """A look-up by userName names the person."""
    idp = make_idp()
    user = provision(idp, active=False).user
    path = '/Users?filter=userName eq "ada"'
    note_request(idp.pk, method="GET", path=path, status=200, token_label="test", address="")
    delete(user)
    assert not ReceivedRequest.objects.exists()
