"""Everything that can be acted on, in every state that a decision hangs on, and how each door does each act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from identity.core.decisions import Action, Mode
from identity.models import BulkRun, Conflict, Role, Status, User
from identity.policy import ACTIONS_ON, MODES
from identity.services import bulk_runs, invitations
from identity.services.provisioning.groups import declare_sso_group
from tests.company.cases import Cases
from tests.factories import (
    OPERATOR,
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
)


@dataclass
class Row:
    """Something in some state: what `decide` is told, and by what pages, REST and commands know it."""

    about: dict[str, Any]
    pk: int
    name: str = ""
    more: dict[str, Any] = field(default_factory=dict)


Make = Callable[[User], Row]
PEOPLE: Cases[Make] = Cases()
GROUPS: Cases[Make] = Cases()
SSO_GROUPS: Cases[Make] = Cases()
PROVIDERS: Cases[Make] = Cases()
CONNECTIONS: Cases[Make] = Cases()
CONFLICTS: Cases[Make] = Cases()
RUNS: Cases[Make] = Cases()


# --- people ---


def person(user: User) -> Row:
    return Row({"user": user}, user.pk, user.username)


@PEOPLE.add
def managed(who: User) -> Row:
    return person(provision(make_idp()).user)


@PEOPLE.add
def managed_and_disabled(who: User) -> Row:
    return person(resend(provision(make_idp()), active=False).user)


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
    return person(make_owner("otto"))


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


def bulk_run(*people: User, is_draft: bool) -> Row:
    wanted = [bulk_runs.Wanted(user) for user in people]
    run = bulk_runs.create_run(BulkRun.Kind.DISABLE, wanted, is_draft=is_draft, actor=OPERATOR)
    return Row({"run": run}, run.pk)


@RUNS.add
def draft(who: User) -> Row:
    return bulk_run(make_user("mia"), is_draft=True)


@RUNS.add
def draft_of_nobody(who: User) -> Row:
    return bulk_run(is_draft=True)


@RUNS.add
def begun(who: User) -> Row:
    return bulk_run(make_user("mia"), is_draft=False)


@RUNS.add
def finished(who: User) -> Row:
    return bulk_run(is_draft=False)


# --- how each door does what ---


@dataclass
class Way:
    """The page with its form, the request and the command of an act; `{pk}`, `{name}` and the like are the row's."""

    page: str
    request: tuple[str, str]
    command: tuple[str, ...] = ()
    form: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None


WAYS: dict[Action, Way] = {
    Action.EDIT_PROFILE: Way(
        "identity_user_edit_profile",
        ("PATCH", "users/{pk}/"),
        ("edit_user", "{name}", "--first-name", "Renamed"),
        {"first_name": "Renamed", "email": "{email}"},
        {"first_name": "Renamed"},
    ),
    Action.ENABLE: Way("identity_user_enable", ("POST", "users/{pk}/enable/"), ("enable_user", "{name}")),
    Action.DISABLE: Way("identity_user_disable", ("POST", "users/{pk}/disable/"), ("disable_user", "{name}")),
    Action.RESEND_INVITATION: Way(
        "identity_user_resend_invitation", ("POST", "invitations/{pk}/resend/"), ("resend_invitation", "{name}")
    ),
    Action.REVOKE_INVITATION: Way(
        "identity_user_revoke_invitation", ("DELETE", "invitations/{pk}/"), ("revoke_invitation", "{name}")
    ),
    Action.END_SESSIONS: Way(
        "identity_user_end_sessions", ("POST", "users/{pk}/end-sessions/"), ("end_sessions", "{name}")
    ),
    Action.CHANGE_ROLE: Way(
        "identity_user_change_role",
        ("PUT", "users/{pk}/role/"),
        ("set_role", "{name}", "support"),
        {"role": "support"},
        {"role": "support"},
    ),
    Action.MARK_BREAK_GLASS: Way(
        "identity_user_mark_break_glass",
        ("PUT", "users/{pk}/break-glass/"),
        ("set_break_glass", "{name}", "on"),
        body={"is_break_glass": True},
    ),
    Action.CLEAR_BREAK_GLASS: Way(
        "identity_user_clear_break_glass",
        ("PUT", "users/{pk}/break-glass/"),
        ("set_break_glass", "{name}", "off"),
        body={"is_break_glass": False},
    ),
    Action.DELETE_PERMANENTLY: Way(
        "disabled_users_delete",
        ("POST", "support/disabled-users/{pk}/delete-permanently/"),
        form={"username": "{name}", "reason": "left"},
        body={"username": "{name}", "reason": "left"},
    ),
    Action.CHANGE_MEMBERS: Way(
        "identity_group_add_members",
        ("POST", "groups/{pk}/members/"),
        ("add_members", "{name}", "mia"),
        {"users": ["{mia}"]},
        {"users": ["{mia}"]},
    ),
    Action.WITHDRAW_SSO_GROUP: Way(
        "identity_ssogroup_withdraw", ("DELETE", "sso-groups/{pk}/"), ("withdraw_sso_group", "{name}")
    ),
    Action.DELETE_PROVIDER: Way(
        "identity_identityprovider_delete",
        ("DELETE", "identity-providers/{pk}/"),
        ("delete_identity_provider", "{name}", "--yes"),
        {"name": "{name}"},
    ),
    Action.ENABLE_CONNECTION: Way(
        "identity_ssoconnection_enable", ("POST", "sso-connections/{pk}/enable/"), ("enable_sso_connection", "{name}")
    ),
    Action.DISABLE_CONNECTION: Way(
        "identity_ssoconnection_disable",
        ("POST", "sso-connections/{pk}/disable/"),
        ("disable_sso_connection", "{name}"),
    ),
    Action.DELETE_CONNECTION: Way(
        "identity_ssoconnection_delete",
        ("DELETE", "sso-connections/{pk}/"),
        ("delete_sso_connection", "{name}", "--yes"),
    ),
    Action.LINK_CONFLICT: Way("identity_conflict_link", ("POST", "conflicts/{pk}/link/"), ("link_conflict", "{pk}")),
    Action.MOVE_CONFLICT: Way("identity_conflict_move", ("POST", "conflicts/{pk}/move/"), ("move_conflict", "{pk}")),
    Action.GIVE_OWN_USERNAME: Way(
        "identity_conflict_own_username",
        ("POST", "conflicts/{pk}/own-username/"),
        ("give_own_username", "{pk}", "ada.2"),
        {"username": "ada.2"},
        {"username": "ada.2"},
    ),
    Action.DISMISS_CONFLICT: Way(
        "identity_conflict_dismiss", ("POST", "conflicts/{pk}/dismiss/"), ("dismiss_conflict", "{pk}")
    ),
    Action.START_RUN: Way("identity_bulkrun_start", ("POST", "bulk-runs/{pk}/start/")),
    Action.CONTINUE_RUN: Way("identity_bulkrun_continue", ("POST", "bulk-runs/{pk}/continue/")),
    Action.DISCARD_RUN: Way("identity_bulkrun_discard", ("DELETE", "bulk-runs/{pk}/"), ("discard_bulk_run", "{pk}")),
}

USUAL = (Mode(scim_enabled=True, sso_enforced=False),)
ENFORCED_OR_NOT = (*USUAL, Mode(scim_enabled=True, sso_enforced=True))


@dataclass(frozen=True)
class Kind:
    """A kind's states, the page that shows one of it, what is done to it, and the modes that this hangs on."""

    states: Cases[Make]
    page: str
    actions: tuple[Action, ...]
    modes: tuple[Mode, ...] = USUAL


KINDS = {
    "a person": Kind(
        PEOPLE,
        "user_change",
        (
            Action.EDIT_PROFILE,
            Action.ENABLE,
            Action.DISABLE,
            Action.RESEND_INVITATION,
            Action.REVOKE_INVITATION,
            Action.END_SESSIONS,
            Action.CHANGE_ROLE,
            Action.MARK_BREAK_GLASS,
            Action.CLEAR_BREAK_GLASS,
        ),
        MODES,
    ),
    "a person for support": Kind(PEOPLE, "", (Action.DELETE_PERMANENTLY,)),
    "a group": Kind(GROUPS, "group_change", (Action.CHANGE_MEMBERS,), MODES),
    "an SSO group": Kind(SSO_GROUPS, "ssogroup_change", (Action.WITHDRAW_SSO_GROUP,)),
    "an identity provider": Kind(PROVIDERS, "identityprovider_change", (Action.DELETE_PROVIDER,), ENFORCED_OR_NOT),
    "a connection": Kind(CONNECTIONS, "ssoconnection_change", ACTIONS_ON["connection"][1:], ENFORCED_OR_NOT),
    "a conflict": Kind(CONFLICTS, "conflict_change", ACTIONS_ON["conflict"]),
    "a bulk action": Kind(RUNS, "bulkrun_change", ACTIONS_ON["run"]),
}
