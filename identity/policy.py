"""The one place that answers "may this be seen or done now?" (docs/design/rules.md, SR-16, SR-17).

Role is checked first, then the target, then the safeguards, then the mode: a cell of `MATRIX`. The web UI, REST
API, command line and services all ask the same function, so what is refused is also hidden, with the reason.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING, Unpack

from identity.core.actors import Person
from identity.core.decisions import ALLOWED as ALLOWED
from identity.core.decisions import ROWS, Action, Decision, Mode
from identity.core.refusals import Refusal
from identity.core.words import table
from identity.models import AccessSettings, BulkRun, Group, Role, Status, User
from identity.safeguards.asked import About, Asked, Situation
from identity.safeguards.asked import granted as granted
from identity.safeguards.asked import refusal as refusal
from identity.safeguards.table import ONES_OWN, harm_of, own_of, state_of

if TYPE_CHECKING:
    from identity.core.actors import Actor
    from identity.models import IdentityProvider


class Cell(StrEnum):
    """The value of a table cell."""

    NO = "no"
    YES = "yes"
    UNMAPPED = "unmapped groups only"


NO, YES, UNMAPPED = Cell.NO, Cell.YES, Cell.UNMAPPED

MODES = (
    Mode(scim_enabled=True, sso_enforced=True),
    Mode(scim_enabled=True, sso_enforced=False),
    Mode(scim_enabled=False, sso_enforced=True),
    Mode(scim_enabled=False, sso_enforced=False),
)

# fmt: off
MATRIX: dict[Action, tuple[Cell, Cell, Cell, Cell]] = {
    #                       SCIM on,    SCIM on,      SCIM off,   SCIM off,
    #                       SSO forced  not enforced  SSO forced  not enforced
    Action.INVITE:         (NO,         YES,          NO,         YES),
    Action.EDIT_PROFILE:   (NO,         YES,          YES,        YES),
    Action.CHANGE_MEMBERS: (UNMAPPED,   UNMAPPED,     YES,        YES),
    Action.SET_STATUS:     (NO,         NO,           YES,        YES),
}
# fmt: on

_ADMINISTRATORS = frozenset({Role.ADMINISTRATOR, Role.OWNER})
_OWNERS = frozenset({Role.OWNER})
_SUPPORT = frozenset({Role.SUPPORT})

ROLES: dict[Action, frozenset[Role]] = {
    **dict.fromkeys(ROWS, _ADMINISTRATORS),
    Action.CHANGE_ROLE: _OWNERS,
    Action.CHANGE_ACCESS_SETTINGS: _OWNERS,
    Action.MANAGE_BRAKES: _OWNERS,
    Action.DECIDE_TURNED_AWAY: _OWNERS,
    Action.PRUNE_RECORDS: _OWNERS,
    Action.MANAGE_WEBHOOKS: _OWNERS,
    Action.MANAGE_NOTIFICATIONS: _OWNERS,
    Action.RESTORE_RUN: _OWNERS,
    Action.DELETE_PERMANENTLY: _SUPPORT,
    Action.CHANGE_SECOND_STEP: frozenset(Role),
    Action.CREATE_API_TOKEN: frozenset(Role),
    Action.USE_PASSWORD: frozenset(Role),
    Action.VIEW_DISABLED_USERS: _SUPPORT,
    Action.VIEW_DELETIONS: _SUPPORT | _ADMINISTRATORS,
}

# What needs no higher rank: support deletes owners, and people change what is their own.
WHOEVER_IT_IS = frozenset({Action.DELETE_PERMANENTLY, *ONES_OWN, Action.USE_PASSWORD})

# What the portal does by itself when it is due.
SCHEDULED = frozenset({Action.PRUNE_RECORDS})

# What people do for themselves, whatever their role.
OWN = frozenset({Action.END_SESSION, Action.REVOKE_API_TOKEN})

# What an administrator may do to members only. For anyone above member it takes an owner: it would let the
# administrator sign in as that person, or end access they may not end.
OWNERS_ABOVE_MEMBER = frozenset({Action.CHANGE_EMAIL, Action.RESOLVE_CONFLICTS, Action.CHANGE_TRUST, Action.RECONCILE})

# What gives back what a run of an identity provider took (R27).
RESTORING = frozenset({Action.ENABLE, Action.CHANGE_MEMBERS})

# What starts a bulk action. A started one is completed: each row is decided separately.
BEGINNING = frozenset({Action.MANAGE_BULK_RUNS, Action.START_RUN})

# Conflict decisions that give the account to an identity provider.
TAKING_OVER = frozenset({Action.LINK_CONFLICT, Action.MOVE_CONFLICT})

# The actions on each kind of target, by the keyword under which `decide` receives it.
ACTIONS_ON: dict[str, tuple[Action, ...]] = {
    "user": (
        Action.EDIT_PROFILE,
        Action.CHANGE_EMAIL,
        Action.SET_STATUS,
        Action.ENABLE,
        Action.DISABLE,
        Action.INVITE,
        Action.RESEND_INVITATION,
        Action.REVOKE_INVITATION,
        Action.END_SESSIONS,
        Action.CHANGE_ROLE,
        Action.MARK_BREAK_GLASS,
        Action.CLEAR_BREAK_GLASS,
        Action.MANAGE_API_TOKENS,
        Action.DELETE_PERMANENTLY,
        Action.RECONCILE,
    ),
    "group": (Action.MANAGE_GROUPS, Action.CHANGE_MEMBERS, Action.MANAGE_MAPPINGS, Action.RECONCILE),
    "sso_group": (Action.MANAGE_MAPPINGS, Action.WITHDRAW_SSO_GROUP),
    "identity_provider": (
        Action.MANAGE_PROVIDERS,
        Action.CHANGE_TRUST,
        Action.DELETE_PROVIDER,
        Action.PAUSE_PROVIDER,
        Action.RESUME_PROVIDER,
        Action.RECONCILE,
        Action.MANAGE_BRAKES,
        Action.RESTORE_RUN,
        Action.DECIDE_TURNED_AWAY,
    ),
    "connection": (
        Action.CHANGE_TRUST,
        Action.ENABLE_CONNECTION,
        Action.DISABLE_CONNECTION,
        Action.DELETE_CONNECTION,
    ),
    "conflict": (
        Action.LINK_CONFLICT,
        Action.MOVE_CONFLICT,
        Action.GIVE_OWN_USERNAME,
        Action.DISMISS_CONFLICT,
    ),
    "api_token": (Action.REVOKE_API_TOKEN,),
    "run": (Action.START_RUN, Action.CONTINUE_RUN, Action.DISCARD_RUN),
}

PHRASES = table(
    "doing",
    {
        Action.INVITE: "Inviting users",
        Action.EDIT_PROFILE: "Editing profiles",
        Action.CHANGE_EMAIL: "Changing emails",
        Action.CHANGE_MEMBERS: "Changing the members of a mapped group",
        Action.SET_STATUS: "Enabling and disabling users",
        Action.MANAGE_GROUPS: "Managing groups",
        Action.MANAGE_MAPPINGS: "Mapping SSO groups",
        Action.RECONCILE: "Reconciling with an identity provider",
        Action.RESOLVE_CONFLICTS: "Resolving conflicts",
        Action.MANAGE_PROVIDERS: "Managing identity providers and tokens",
        Action.CHANGE_TRUST: "Changing what an identity provider is believed",
        Action.DECIDE_TURNED_AWAY: "Deciding what becomes of that which was turned away",
        Action.MANAGE_BRAKES: "Setting and releasing the brake of an identity provider",
        Action.MANAGE_ASSETS: "Managing assets",
        Action.MANAGE_BULK_RUNS: "Acting on many people at once",
        Action.END_SESSIONS: "Ending sessions",
        Action.MANAGE_API_TOKENS: "Seeing and revoking other people's API tokens",
        Action.CHANGE_ROLE: "Changing roles and break-glass flags",
        Action.CHANGE_ACCESS_SETTINGS: "Changing access settings",
        Action.PRUNE_RECORDS: "Deleting old records",
        Action.RUN_JOBS: "Running scheduled jobs",
        Action.MANAGE_WEBHOOKS: "Managing webhooks",
        Action.MANAGE_NOTIFICATIONS: "Managing notification rules",
        Action.RESTORE_RUN: "Restoring what an identity provider changed",
        Action.DELETE_PERMANENTLY: "Permanent deletion",
        Action.CHANGE_SECOND_STEP: "Changing a second step",
        Action.CREATE_API_TOKEN: "Creating an API token",
        Action.USE_PASSWORD: "Using a password",
        Action.VIEW_DIRECTORY: "Viewing the directory",
        Action.VIEW_GROUPS: "Viewing groups and mappings",
        Action.VIEW_PROVIDERS: "Viewing identity providers",
        Action.VIEW_CONFLICTS: "Viewing conflicts",
        Action.VIEW_LOGS: "Viewing the logs",
        Action.VIEW_ACCESS: "Viewing the access settings",
        Action.VIEW_API_TOKENS: "Viewing other people's API tokens",
        Action.VIEW_ASSETS: "Viewing assets",
        Action.VIEW_BULK_RUNS: "Viewing bulk actions",
        Action.VIEW_DISABLED_USERS: "Viewing the disabled users",
        Action.VIEW_DELETIONS: "Viewing deletions",
    },
)

INSTEAD = table(
    "instead",
    {
        Action.INVITE: "Assign the person to the portal in your identity provider.",
        Action.EDIT_PROFILE: "Change the profile in your identity provider; it arrives with its next update.",
        Action.CHANGE_MEMBERS: "Change the group in your identity provider, or delete the mapping first.",
        Action.SET_STATUS: "Assign or unassign the person in your identity provider.",
    },
)

_MODES = table("mode", {mode.code: str(mode) for mode in MODES})
_ROLES = table("role", {role.value: str(role.label).lower() for role in Role})
_A_ROLE = table("a_role", {role.value: f"{'an' if role in _ADMINISTRATORS else 'a'} {_ROLES[role]}" for role in Role})


_MAY: dict[Action, str] = {
    Action.INVITE: "invite users",
    Action.EDIT_PROFILE: "edit profiles",
    Action.CHANGE_MEMBERS: "change the members of groups",
    Action.SET_STATUS: "enable and disable users",
}

_ONLY_THE_IDP: dict[Action, str] = {
    Action.EDIT_PROFILE: "edits profiles",
    Action.CHANGE_MEMBERS: "changes the members of mapped groups",
    Action.SET_STATUS: "enables and disables the users it manages",
}


_OWNERS_DO = table(
    "owners_do",
    {
        Action.CHANGE_EMAIL: "change the email",
        Action.RESOLVE_CONFLICTS: "link it",
        Action.RECONCILE: "let it follow the identity provider",
        Action.CHANGE_TRUST: "change how it signs people in, create a SCIM token for it, or delete it",
    },
)


UNMANAGED_USER = Decision(True, "unmanaged_user", "No identity provider manages this user.")
AS_THE_IDP_ASKED = Decision(
    True, "as_the_idp_asked", "The identity provider asked for it and was turned away: possible in any mode."
)
UNMAPPED_GROUPS = Decision(True, "unmapped_groups", "Of groups that no SSO group is mapped to.")
RESTORED_RUN = Decision(True, "restored_run", "An owner restores what a run of the identity provider changed.")

# What is possible although a cell of the table says no, each for a reason of its own (R24, R27).
EXEMPTIONS: dict[Action, tuple[Decision, ...]] = {
    Action.SET_STATUS: (UNMANAGED_USER, RESTORED_RUN, AS_THE_IDP_ASKED),
    Action.CHANGE_MEMBERS: (RESTORED_RUN, AS_THE_IDP_ASKED),
}


def cell(action: Action, mode: Mode) -> Cell:
    """One cell of the table; actions outside the table do not depend on the mode."""
    row = MATRIX.get(action.row)
    return row[MODES.index(mode)] if row else Cell.YES


def decide(
    action: Action,
    *,
    actor: Actor,
    mode: Mode | None = None,
    now: Situation | None = None,
    **about: Unpack[About],
) -> Decision:
    """Whether `actor` may do `action` now to this user, group, conflict …; without a target, by role and mode alone.

    The first refusal is the answer, in this order: the role, since an actor without it learns nothing else; the
    target's rank, since only another actor could do it; the state, since the action makes no sense in it; the
    safeguards, since they hold in every mode and at the identity provider as well; the mode last.

    `mode`, or a whole `Situation`, is read from the database unless given: pass one for repeated checks.
    """
    asked = Asked(_meant(action, about.get("user")), now or Situation(mode), actor, **about)
    state = state_of(asked)
    found = _decide(asked, actor, state)
    return found if found.fits == state.fits else replace(found, fits=state.fits)


def require(action: Action, *, actor: Actor, **about: Unpack[About]) -> Decision:
    """Raise Refused with the decision's code and reason unless `decide` allows it.

    Services call it within their transaction, on locked rows; what a concurrent transaction could change, such as
    the second owner, is locked as well. The decision returned says whether there is anything to do.
    """
    return granted(decide(action, actor=actor, now=Situation(held=True), **about))


def require_password_door(user: User) -> None:
    """Raise Refused unless this user may sign in with a password or its equivalents now (R22)."""
    granted(for_oneself(Action.USE_PASSWORD, user))


def for_oneself(action: Action, user: User) -> Decision:
    """What people do for themselves, at the door or on their own pages."""
    return decide(action, actor=Person(user), mode=current_mode(), user=user)


def by_role(action: Action, actor: Actor) -> Decision:
    """Whether the role allows it, for any target and in any mode."""
    if actor.role in ROLES[action.row] or actor.kind == "operator":
        return ALLOWED
    if actor.kind == "schedule" and action.row in SCHEDULED:
        return ALLOWED
    roles: list[str] = [_ROLES[role] for role in Role if role in ROLES[action.row]]
    allowed = reduce(lambda one, other: Refusal.EITHER(one=one, other=other), roles)
    reason = Refusal.ROLE_REQUIRED(doing=PHRASES[action.row], roles=allowed)
    return Decision(False, "role_required", reason, action.row)


def current_mode() -> Mode:
    """The current two flags."""
    return AccessSettings.objects.mode()


def describe(mode: Mode) -> str:
    """The mode in plain words, for the dashboard: who does what now."""
    may = [_MAY[action] for action in MATRIX if cell(action, mode) is YES]
    only = [_ONLY_THE_IDP[action] for action in MATRIX if cell(action, mode) is not YES and action in _ONLY_THE_IDP]
    sentences = [f"{mode}."]
    if may:
        sentences.append(f"Administrators may {_enumerated(may)}.")
    if only:
        sentences.append(f"Only the identity provider {_enumerated(only)}.")
    if cell(Action.INVITE, mode) is NO:
        sentences.append("No one can be invited: people are assigned in the identity provider.")
    return " ".join(sentences)


def _enumerated(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _meant(action: Action, user: User | None) -> Action:
    """What an action of the table means for this user: the opposite status, or a resent invitation."""
    if user is None:
        return action
    if action is Action.SET_STATUS:
        return Action.ENABLE if user.status == Status.DISABLED else Action.DISABLE
    return Action.RESEND_INVITATION if action is Action.INVITE else action


def _decide(asked: Asked, actor: Actor, state: Decision) -> Decision:
    action = asked.action
    if action in OWN and asked.is_about_oneself:
        return ALLOWED
    if not (role := by_role(action, actor)):
        return role
    if not (own := own_of(asked)):
        return replace(own, action=action.row)
    if not (rank := _by_rank(asked, actor)):
        return rank
    if not state:
        return replace(state, action=action.row)
    if state.fits and not (harm := harm_of(asked)):
        return replace(harm, action=action.row)
    mode = _by_mode(asked)
    return mode if state.fits or not mode else state


def _by_rank(asked: Asked, actor: Actor) -> Decision:
    """The target's rank: no one changes an account of a higher role, and some actions take an owner."""
    row = asked.action.row
    user = _person_concerned(asked)
    if row in OWNERS_ABOVE_MEMBER and actor.role != Role.OWNER:
        provider = asked.connection.identity_provider if asked.connection else asked.identity_provider
        return _decide_by_privilege(row, user, provider)
    if user is not None and _outranks(user, actor, row):
        return Decision(False, "target_outranks_actor", Refusal.OUTRANKED(whom=_A_ROLE[user.role]), row)
    return ALLOWED


def _person_concerned(asked: Asked) -> User | None:
    if asked.conflict is not None:
        return asked.conflict.user if asked.action in TAKING_OVER else None
    return asked.api_token.user if asked.api_token else asked.user


def _decide_by_privilege(action: Action, user: User | None, identity_provider: IdentityProvider | None) -> Decision:
    """Actions that take an owner when the target is above member, even at equal rank."""
    if user is not None and user.is_privileged:
        role, deed = _ROLES[user.role], _OWNERS_DO[action]
        reason = Refusal.OWNER_REQUIRED_FOR_USER(username=user.username, role=role, deed=deed)
        return Decision(False, "owner_required", reason, action)
    if identity_provider is not None and identity_provider.stands_for_privileged:
        reason = Refusal.OWNER_REQUIRED_FOR_PROVIDER(provider=identity_provider, deed=_OWNERS_DO[action])
        return Decision(False, "owner_required", reason, action)
    return ALLOWED


def _outranks(user: User, actor: Actor, action: Action) -> bool:
    return action not in WHOEVER_IT_IS and user.rank > Role(actor.role).rank


def _may_restore(actor: Actor | None) -> bool:
    return actor is not None and bool(by_role(Action.RESTORE_RUN, actor))


def _by_mode(asked: Asked) -> Decision:
    if asked.run is not None and asked.action in BEGINNING:
        return _of_all_rows(asked, asked.run)
    if asked.action is Action.DECIDE_TURNED_AWAY:
        return AS_THE_IDP_ASKED
    if asked.action.row not in MATRIX:
        return ALLOWED  # without a look at the mode
    action, mode, user, group = asked.action.row, asked.now.mode, asked.user, asked.group
    match cell(action, mode):
        case Cell.YES:
            return ALLOWED
        case Cell.UNMAPPED if group is None:
            return UNMAPPED_GROUPS
        case Cell.UNMAPPED if group is not None and not group.mappings.exists():
            return ALLOWED
        case Cell.NO if action is Action.SET_STATUS and user is not None and not user.is_managed:
            return UNMANAGED_USER
        case _ if asked.restores and asked.action in RESTORING and _may_restore(asked.actor):
            return RESTORED_RUN
    return Decision(
        False,
        f"{action}.{mode.code}",
        Refusal.NOT_IN_THIS_MODE(doing=PHRASES[action], mode=_MODES[mode.code], instead=INSTEAD[action]),
        action,
        mode,
        INSTEAD[action],
    )


def _of_all_rows(asked: Asked, run: BulkRun) -> Decision:
    """A bulk action is refused as a whole if the mode would refuse every row."""
    kind = BulkRun.Kind
    match run.kind:
        case kind.INVITE | kind.RESEND_INVITATION:
            return _by_mode(replace(asked, action=Action.INVITE, run=None))
        case kind.ADD_TO_GROUPS:
            groups = Group.objects.filter(pk__in=run.values["groups"]).order_by("name_key")
            each = (_by_mode(replace(asked, action=Action.CHANGE_MEMBERS, group=group, run=None)) for group in groups)
            return next((found for found in each if not found), ALLOWED)
    return ALLOWED
