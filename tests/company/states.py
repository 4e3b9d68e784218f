"""People, groups and what comes from identity providers, in every state that a decision hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from identity.models import BulkRun, Conflict, Group, Role, Status, User
from identity.services import bulk_runs, identity_providers, invitations, users
from identity.services.provisioning.groups import declare_sso_group
from identity.services.reconciling import differences
from tests.clients import idp_of
from tests.company.cases import Cases
from tests.factories import (
    OPERATOR,
    PASSWORD,
    connect,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
    set_mode,
)


@dataclass
class Row:
    """Something in some state: what `decide` is told, and by what pages, REST and commands know it."""

    about: dict[str, Any]
    pk: int
    name: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None  # what is known when a page offers it, if less

    @property
    def offered(self) -> dict[str, Any]:
        return self.about if self.before is None else self.before


Make = Callable[[User], Row]
PEOPLE: Cases[Make] = Cases()
GROUPS: Cases[Make] = Cases()
SSO_GROUPS: Cases[Make] = Cases()
PROVIDERS: Cases[Make] = Cases()
CONNECTIONS: Cases[Make] = Cases()
CONFLICTS: Cases[Make] = Cases()
RUNS: Cases[Make] = Cases()
MANY: Cases[Make] = Cases()
MANY_IN_A_GROUP: Cases[Make] = Cases()


PEOPLE_WHO_DIFFER: Cases[Make] = Cases()


# --- people ---


def person(user: User) -> Row:
    return Row({"user": user}, user.pk, user.username)


@PEOPLE.add
def managed(who: User) -> Row:
    return person(provision(make_idp()).user)


@PEOPLE.add
def managed_and_disabled(who: User) -> Row:
    return person(resend(provision(make_idp()), active=False).user)


@PEOPLE_WHO_DIFFER.add
def differing(who: User) -> Row:
    """Disabled here while SCIM was off, active at the identity provider."""
    user = provision(make_idp()).user
    set_mode(scim=False)
    users.disable_user(user, actor=OPERATOR)
    set_mode()
    return to_reconcile(User.objects.get(pk=user.pk))


@PEOPLE_WHO_DIFFER.add
def differing_above_member(who: User) -> Row:
    row = differing(who)
    User.objects.filter(pk=row.pk).update(role=Role.SUPPORT)
    return to_reconcile(User.objects.get(pk=row.pk))


@PEOPLE_WHO_DIFFER.add
def agreeing(who: User) -> Row:
    return to_reconcile(provision(make_idp()).user)


def to_reconcile(user: User) -> Row:
    row = person(user)
    row.more = {"user": user.pk, "fingerprint": differences(user).fingerprint}
    return row


@PEOPLE.add
def local(who: User) -> Row:
    return person(make_user("mia"))


@PEOPLE.add
def local_and_disabled(who: User) -> Row:
    return person(make_user("mia", status=Status.DISABLED))


@PEOPLE.add
def invited(who: User) -> Row:
    return person(invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR))


@PEOPLE.add
def another_administrator(who: User) -> Row:
    return person(make_user("otto", role=Role.ADMINISTRATOR))


@PEOPLE.add
def another_owner(who: User) -> Row:
    make_owner("zoe")
    return person(make_owner("otto", password=PASSWORD))


@PEOPLE.add
def last_enabled_owner(who: User) -> Row:
    """Oneself, for an owner."""
    return person(who if who.role == Role.OWNER else make_owner("otto"))


@PEOPLE.add
def last_break_glass_account(who: User) -> Row:
    return person(make_break_glass())


@PEOPLE.add
def one_of_two_break_glass_accounts(who: User) -> Row:
    make_break_glass("hammer")
    return person(make_break_glass())


# --- groups, SSO groups ---


@GROUPS.add
def unmapped(who: User) -> Row:
    group = make_group("Readers")
    return Row({"group": group}, group.pk, group.name, {"mia": make_user("mia").pk})


@GROUPS.add
def mapped(who: User) -> Row:
    row = unmapped(who)
    map_group(push_group(make_idp()), row.about["group"])
    return row


@SSO_GROUPS.add
def declared(who: User) -> Row:
    sso_group = declare_sso_group(make_idp(), name="Engineering", actor=OPERATOR)
    return Row({"sso_group": sso_group}, sso_group.pk, "Engineering")


@SSO_GROUPS.add
def pushed(who: User) -> Row:
    sso_group = push_group(make_idp())
    return Row({"sso_group": sso_group}, sso_group.pk, sso_group.display_name)


# --- identity providers and connections ---


def provider(user: User | None = None, **options: Any) -> Row:
    idp = connect(**options).identity_provider
    return Row({"identity_provider": idp}, idp.pk, idp.name)


@PROVIDERS.add
def with_the_last_connection(who: User) -> Row:
    return provider()


@PROVIDERS.add
def with_another_connection_beside(who: User) -> Row:
    connect("Entra")
    return provider()


@PROVIDERS.add
def of_somebody_above_member(who: User) -> Row:
    row = with_another_connection_beside(who)
    User.objects.filter(pk=provision(row.about["identity_provider"]).user_id).update(role=Role.SUPPORT)
    return row


@PROVIDERS.add
def paused(who: User) -> Row:
    row = with_another_connection_beside(who)
    identity_providers.pause_identity_provider(row.about["identity_provider"], actor=OPERATOR)
    row.about["identity_provider"].refresh_from_db()
    return row


@PROVIDERS.add
def with_a_leaver_turned_away(who: User) -> Row:
    row = with_another_connection_beside(who)
    idp = row.about["identity_provider"]
    leaver = provision(idp)
    set_mode(scim=False)
    idp_of(idp).delete(f"/Users/{leaver.scim_id}")
    return row


def connection(**options: Any) -> Row:
    made = connect(**options)
    return Row({"connection": made}, made.pk, made.slug)


@CONNECTIONS.add
def the_last(who: User) -> Row:
    return connection()


@CONNECTIONS.add
def one_of_two(who: User) -> Row:
    connect("Entra")
    return connection()


@CONNECTIONS.add
def off(who: User) -> Row:
    connect("Entra")
    return connection(enabled=False)


@CONNECTIONS.add
def off_and_of_somebody_above_member(who: User) -> Row:
    row = off(who)
    User.objects.filter(pk=provision(row.about["connection"].identity_provider).user_id).update(role=Role.SUPPORT)
    return row


# --- conflicts ---


def conflict(user: User, reason: str = "other_email", **said: Any) -> Row:
    columns = {"user_name": "ada", "user_name_key": "ada", "email": "new@example.test", "email_key": "new@example.test"}
    row = Conflict.objects.create(identity_provider=make_idp("Entra"), user=user, reason=reason, **columns | said)
    return Row({"conflict": row}, row.pk)


@CONFLICTS.add
def open_over_a_member(who: User) -> Row:
    return conflict(make_user("ada"))


@CONFLICTS.add
def open_over_somebody_above_member(who: User) -> Row:
    return conflict(make_user("ada", role=Role.SUPPORT), "privileged")


@CONFLICTS.add
def open_over_a_break_glass_account(who: User) -> Row:
    return conflict(make_break_glass("ada"), "break_glass")


@CONFLICTS.add
def open_with_an_account_to_move(who: User) -> Row:
    return conflict(provision(make_idp()).user, "other_provider")


@CONFLICTS.add
def open_and_the_account_has_left(who: User) -> Row:
    return conflict(make_user("ada"), "other_provider")


@CONFLICTS.add
def open_over_another_record(who: User) -> Row:
    return conflict(provision(make_idp()).user, "already_linked")


@CONFLICTS.add
def open_and_linked_since(who: User) -> Row:
    return conflict(provision(make_idp()).user)


@CONFLICTS.add
def open_and_the_email_is_taken(who: User) -> Row:
    make_user("new")
    return conflict(make_user("ada"))


@CONFLICTS.add
def open_over_the_email(who: User) -> Row:
    return conflict(make_user("grace", email="new@example.test"), "other_username")


@CONFLICTS.add
def approved(who: User) -> Row:
    return conflict(make_user("ada"), state="approved")


@CONFLICTS.add
def dismissed(who: User) -> Row:
    return conflict(make_user("ada"), state="dismissed")


@CONFLICTS.add
def resolved(who: User) -> Row:
    return conflict(make_user("ada"), state="resolved")


# --- bulk actions ---


def bulk_run(
    *people: User, is_draft: bool, kind: BulkRun.Kind = BulkRun.Kind.DISABLE, values: dict[str, Any] | None = None
) -> Row:
    wanted = [bulk_runs.Wanted(user) for user in people]
    run = bulk_runs.create_run(kind, wanted, values=values, is_draft=is_draft, actor=OPERATOR)
    return Row({"run": run}, run.pk)


@RUNS.add
def draft(who: User) -> Row:
    return bulk_run(make_user("mia"), is_draft=True)


@RUNS.add
def draft_of_invitations(who: User) -> Row:
    wanted = [bulk_runs.to_invite({"username": "new", "email": "new@example.test"}, "")]
    run = bulk_runs.create_run(BulkRun.Kind.INVITE, wanted, is_draft=True, actor=OPERATOR)
    return Row({"run": run}, run.pk)


@RUNS.add
def draft_of_invitations_sent_again(who: User) -> Row:
    return bulk_run(invited(who).about["user"], is_draft=True, kind=BulkRun.Kind.RESEND_INVITATION)


def draft_for(group: Row) -> Row:
    values = {"groups": [group.pk]}
    return bulk_run(make_user("max"), is_draft=True, kind=BulkRun.Kind.ADD_TO_GROUPS, values=values)


@RUNS.add
def draft_for_a_group(who: User) -> Row:
    return draft_for(unmapped(who))


@RUNS.add
def draft_for_a_group_that_was_mapped_since(who: User) -> Row:
    group = unmapped(who)
    row = draft_for(group)
    map_group(push_group(make_idp()), group.about["group"])
    return row


@RUNS.add
def draft_of_nobody(who: User) -> Row:
    return bulk_run(is_draft=True)


@RUNS.add
def begun(who: User) -> Row:
    return bulk_run(make_user("mia"), is_draft=False)


@RUNS.add
def begun_with_invitations(who: User) -> Row:
    """It is carried through whatever the mode: each row is decided by itself."""
    row = draft_of_invitations(who)
    row.about["run"] = bulk_runs.start_run(row.about["run"], actor=OPERATOR)
    return row


@RUNS.add
def finished(who: User) -> Row:
    return bulk_run(is_draft=False)


# --- what is to be done to many ---


@MANY.add
def people_in_a_file(who: User) -> Row:
    return Row({"run": BulkRun(kind=BulkRun.Kind.INVITE)}, 0)


@MANY_IN_A_GROUP.add
def a_group_of_its_own(who: User) -> Row:
    row = unmapped(who)
    row.more["group"] = row.pk
    row.about = {"run": BulkRun(kind=BulkRun.Kind.ADD_TO_GROUPS, values={"groups": [row.pk]})}
    return row


@MANY_IN_A_GROUP.add
def a_group_that_follows_its_mappings(who: User) -> Row:
    row = a_group_of_its_own(who)
    map_group(push_group(make_idp()), Group.objects.get(pk=row.pk))
    return row
