"""SR-1, SR-35, SR-37, SR-41: a change and its event are one transaction, and what is written once stays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from identity import audit
from identity.core.errors import Conflicted
from identity.events import Event
from identity.models import AuditEvent, Conflict, DeletionRecord, SSOGroup, SSOUser, Status, User
from identity.services import deletion, groups, identity_providers, invitations, scim_tokens, users
from identity.services.provisioning import conflicts, people
from tests.factories import (
    OPERATOR,
    PASSWORD,
    change_members,
    delete_sso_group,
    deprovision,
    everything,
    exactly,
    idp_actor,
    make_asset,
    make_group,
    make_idp,
    make_user,
    map_group,
    person,
    provision,
    push_group,
    resend,
    set_mode,
    sign_in_by_sso,
    unmap,
)

pytestmark = pytest.mark.django_db

Change = Callable[[], object]


# --- written once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tamper",
    [
        lambda: AuditEvent.objects.update(action="nothing happened"),
        lambda: AuditEvent.objects.all().delete(),
        lambda: DeletionRecord.objects.update(reason="none"),
        lambda: DeletionRecord.objects.all().delete(),
        lambda: User.objects.update(username="eve"),
        lambda: User.objects.filter(username="ada").update(username_key="eve"),
        lambda: SSOUser.objects.update(scim_id="00000000-0000-4000-8000-000000000000"),
        lambda: SSOUser.objects.update(user=User.objects.get(username="mia")),
        lambda: SSOGroup.objects.update(scim_id="00000000-0000-4000-8000-000000000000"),
    ],
)
def test_the_database_itself_refuses(tamper: Change) -> None:
    idp = make_idp()
    push_group(idp, "Engineering", provision(idp))
    make_user()
    gone = make_user("gone", status=Status.DISABLED)
    deletion.delete_permanently(gone, typed_username="gone", reason="asked to", actor=OPERATOR)
    before = everything()
    with pytest.raises(IntegrityError, match=r"append-only|permanent"), transaction.atomic():
        tamper()
    assert everything() == before


def test_saving_a_row_as_it_is_is_no_change() -> None:
    user = provision(make_idp()).user
    user.save()
    user.sso_user.save()


def test_plain_sql_is_refused_too() -> None:
    make_user()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE identity_user SET username = 'eve'")


# --- one transaction --------------------------------------------------------------------------------------


def provisioning_somebody() -> Change:
    idp = make_idp()
    return lambda: provision(idp, first_name="Ada")


def adopting_somebody() -> Change:
    idp = make_idp()
    invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    return lambda: provision(idp, first_name="Ada")


def reviving_a_namesake() -> Change:
    idp = make_idp()
    sso_user = provision(idp, external_id="00U1")
    make_group("Local", sso_user.user)
    sign_in_by_sso(sso_user.user, idp)
    deprovision(sso_user)
    return lambda: provision(idp, external_id="00U2")


def linking_somebody() -> Change:
    idp = make_idp()
    make_user("ada", email="home@example.test", status=Status.DISABLED)
    with pytest.raises(Conflicted):
        provision(idp)
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    return lambda: provision(idp)


def moving_somebody() -> Change:
    mapped_sso_group()
    with pytest.raises(Conflicted):
        provision(make_idp("Entra"))
    conflict = Conflict.objects.get()
    return lambda: conflicts.move_conflict(conflict, actor=OPERATOR)


def updating_somebody() -> Change:
    sso_user = provision(make_idp(), "ada", None)
    return lambda: resend(sso_user, "countess", first_name="Augusta", active=False)


def deprovisioning_somebody() -> Change:
    sso_user = mapped_sso_group().members.get()
    return lambda: deprovision(sso_user)


def pushing_a_group() -> Change:
    sso_user = provision(make_idp())
    return lambda: push_group(sso_user.identity_provider, "Sales", sso_user)


def swapping_members() -> Change:
    sso_group = mapped_sso_group()
    grace = provision(sso_group.identity_provider, "grace")
    return lambda: change_members(sso_group, exactly(grace))


def deleting_an_sso_group() -> Change:
    sso_group = mapped_sso_group()
    return lambda: delete_sso_group(sso_group)


def mapping() -> Change:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group("Builders", make_user())
    return lambda: map_group(sso_group, group)


def unmapping() -> Change:
    sso_group = mapped_sso_group()
    second = push_group(sso_group.identity_provider, "Sales")
    found = sso_group.mappings.get()
    map_group(second, found.group)
    return lambda: unmap(found)


def deleting_a_group() -> Change:
    group = mapped_sso_group().mappings.get().group
    return lambda: groups.delete_group(group, actor=OPERATOR)


def adding_members() -> Change:
    group, user = make_group(), make_user()
    return lambda: groups.add_members(group, [user], actor=OPERATOR)


def disabling_a_managed_user() -> Change:
    user = provision(make_idp()).user
    set_mode(scim=False)
    return lambda: users.disable_user(user, actor=OPERATOR)


def inviting_somebody() -> Change:
    return lambda: invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)


def creating_an_owner() -> Change:
    return lambda: users.create_owner(username="root", email="root@example.test", password=PASSWORD, actor=OPERATOR)


def deleting_an_idp() -> Change:
    idp = mapped_sso_group().identity_provider
    return lambda: identity_providers.delete_identity_provider(idp, actor=OPERATOR)


def making_a_token() -> Change:
    idp = make_idp()
    return lambda: scim_tokens.create_token(idp, label="", actor=OPERATOR)


def deleting_for_good() -> Change:
    user, heir = mapped_sso_group().members.get().user, make_user("hana")
    make_asset(user)
    set_mode(scim=False)
    users.disable_user(user, actor=OPERATOR)
    return lambda: deletion.delete_permanently(
        user, typed_username="ada", reason="asked to", transferee=heir, actor=OPERATOR
    )


def switching_scim_on_and_following() -> Change:
    user = mapped_sso_group().members.get().user
    set_mode(scim=False)
    users.disable_user(user, actor=OPERATOR)
    groups.remove_members(make_group("Other"), [user], actor=OPERATOR)
    return lambda: set_mode(scim=True, sso=True, follow_idp=True)


def mapped_sso_group() -> SSOGroup:
    """An SSO group of one person, mapped to a portal group."""
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp))
    map_group(sso_group, make_group())
    return sso_group


CHANGES = [
    provisioning_somebody,
    adopting_somebody,
    reviving_a_namesake,
    linking_somebody,
    moving_somebody,
    updating_somebody,
    deprovisioning_somebody,
    pushing_a_group,
    swapping_members,
    deleting_an_sso_group,
    mapping,
    unmapping,
    deleting_a_group,
    adding_members,
    disabling_a_managed_user,
    inviting_somebody,
    creating_an_owner,
    deleting_an_idp,
    making_a_token,
    deleting_for_good,
    switching_scim_on_and_following,
]


class PowerCutError(Exception):
    """What the tests raise in the middle of a change."""


@dataclass
class Writes:
    """Counts the statements that write, and fails at the one with number `fails_at`."""

    fails_at: int | None = None
    seen: int = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            if self.seen == self.fails_at:
                raise PowerCutError
            self.seen += 1
        return execute(sql, params, many, context)


@pytest.mark.parametrize("prepare", CHANGES, ids=lambda prepare: prepare.__name__)
def test_a_change_that_fails_at_any_of_its_writes_leaves_nothing_behind(
    prepare: Callable[[], Change],
) -> None:
    change = prepare()
    before = everything()
    for fails_at in range(number_of_writes(change)):
        with (
            connection.execute_wrapper(Writes(fails_at)),
            pytest.raises(PowerCutError),
            transaction.atomic(),
        ):
            change()
        assert everything() == before, f"write {fails_at} failed"


def number_of_writes(change: Change) -> int:
    """How many statements of the change write; the change itself is taken back."""
    writes = Writes()
    with transaction.atomic(), connection.execute_wrapper(writes):
        change()
        transaction.set_rollback(True)
    assert writes.seen > 0
    return writes.seen


@pytest.mark.parametrize("prepare", CHANGES, ids=lambda prepare: prepare.__name__)
def test_a_change_leaves_an_event_that_names_who_did_it(prepare: Callable[[], Change]) -> None:
    change = prepare()
    before = AuditEvent.objects.count()
    change()
    events = AuditEvent.objects.order_by("id")[before:]
    assert len(events) > 0
    assert all(event.actor_kind in {"operator", "scim_token"} for event in events)
    assert all(event.actor_label and event.request_id for event in events)


def test_the_events_of_one_request_share_its_id() -> None:
    actor = idp_actor(make_idp())
    sso_user = people.provision_user(person(), actor=actor)
    people.update_user(sso_user.scim_id, lambda row: person(active=False), actor=actor)
    assert set(AuditEvent.objects.filter(user_id=sso_user.user_id).values_list("request_id", flat=True)) == {
        actor.request_id
    }


def test_personal_values_are_apart_from_the_event() -> None:
    event = audit.record(Event.USER_CREATED, actor=OPERATOR, user_id=7, personal={"username": "ada"})
    assert event.personal_data.values == {"username": "ada"}
    assert not hasattr(audit.record(Event.USER_CREATED, actor=OPERATOR, personal={"username": "ada"}), "personal_data")
