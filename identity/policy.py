"""The one place that answers "may this be done now?" (docs/design/rules.md, SR-16, SR-17).

Role comes first, then the person or group it is about, then the mode: a cell of `MATRIX`. The web UI,
the REST API and the services ask the same functions, so what is refused is also hidden, with the reason.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from identity.core.decisions import Action, Decision, Mode
from identity.core.errors import Refused
from identity.models import AccessSettings, Role, User

if TYPE_CHECKING:
    from identity.core.actors import Actor
    from identity.models import Group, IdentityProvider


class Cell(StrEnum):
    """What a cell of the table says."""

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
    **dict.fromkeys(Action, _ADMINISTRATORS),
    Action.CHANGE_ROLE: _OWNERS,
    Action.CHANGE_ACCESS_SETTINGS: _OWNERS,
    Action.DELETE_PERMANENTLY: _SUPPORT,
}

# What an administrator may do to members. About somebody above member it is an owner's: it would let the administrator
# in as that person, or end an access that they may not end.
OWNERS_ABOVE_MEMBER = frozenset({Action.CHANGE_EMAIL, Action.RESOLVE_CONFLICTS, Action.CHANGE_TRUST})

PHRASES: dict[Action, str] = {
    Action.INVITE: "Inviting users",
    Action.EDIT_PROFILE: "Editing profiles",
    Action.CHANGE_EMAIL: "Changing emails",
    Action.CHANGE_MEMBERS: "Changing the members of a mapped group",
    Action.SET_STATUS: "Enabling and disabling users",
    Action.MANAGE_GROUPS: "Managing groups",
    Action.MANAGE_MAPPINGS: "Mapping SSO groups",
    Action.RESOLVE_CONFLICTS: "Resolving conflicts",
    Action.MANAGE_PROVIDERS: "Managing identity providers and tokens",
    Action.CHANGE_TRUST: "Changing what an identity provider is believed",
    Action.MANAGE_ASSETS: "Managing assets",
    Action.VIEW_DIRECTORY: "Viewing the directory",
    Action.END_SESSIONS: "Ending sessions",
    Action.MANAGE_API_TOKENS: "Seeing and revoking other people's API tokens",
    Action.CHANGE_ROLE: "Changing roles and break-glass flags",
    Action.CHANGE_ACCESS_SETTINGS: "Changing access settings",
    Action.DELETE_PERMANENTLY: "Permanent deletion",
}

INSTEAD: dict[Action, str] = {
    Action.INVITE: "Assign the person to the portal in your identity provider.",
    Action.EDIT_PROFILE: "Change the profile in your identity provider; it arrives with its next update.",
    Action.CHANGE_MEMBERS: "Change the group in your identity provider, or delete the mapping first.",
    Action.SET_STATUS: "Assign or unassign the person in your identity provider.",
}


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


_OWNERS_DO: dict[Action, str] = {
    Action.CHANGE_EMAIL: "change the email",
    Action.RESOLVE_CONFLICTS: "link it",
    Action.CHANGE_TRUST: "change how it signs people in, create a SCIM token for it, or delete it",
}


ALLOWED = Decision(True, "allowed")
UNMANAGED_USER = Decision(True, "unmanaged_user", "No identity provider manages this user.")


def cell(action: Action, mode: Mode) -> Cell:
    """One cell of the table; actions outside the table do not depend on the mode."""
    row = MATRIX.get(action)
    return row[MODES.index(mode)] if row else Cell.YES


def decide(
    action: Action,
    *,
    actor: Actor,
    mode: Mode | None = None,
    user: User | None = None,
    group: Group | None = None,
    identity_provider: IdentityProvider | None = None,
) -> Decision:
    """Whether `actor` may do `action` now, to this user, group or identity provider.

    `mode` is read from the database when not given; give it when asking many times in one request.
    """
    by_role = _decide_by_role(action, actor)
    if not by_role:
        return by_role
    if action in OWNERS_ABOVE_MEMBER and actor.role != Role.OWNER:
        return _decide_by_privilege(action, user, identity_provider)
    if user is not None and _outranks(user, actor, action):
        return Decision(False, "target_outranks_actor", f"Only an owner may do this to {_a_role(user)}.", action)
    if action is Action.CHANGE_ROLE and user is not None and _is_oneself(user, actor):
        return Decision(False, "own_account", "Nobody changes their own role or flags: ask another owner.", action)
    if action not in MATRIX:
        return ALLOWED
    return _decide_by_mode(action, mode or current_mode(), user, group)


def require(
    action: Action,
    *,
    actor: Actor,
    mode: Mode | None = None,
    user: User | None = None,
    group: Group | None = None,
    identity_provider: IdentityProvider | None = None,
) -> None:
    """Raise Refused with the decision's code and reason unless `decide` allows it."""
    decision = decide(action, actor=actor, mode=mode, user=user, group=group, identity_provider=identity_provider)
    if not decision:
        raise Refused(decision.reason, code=decision.code, decision=decision)


def current_mode() -> Mode:
    """The two flags now."""
    return AccessSettings.objects.mode()


def may_use_password(user: User, mode: Mode) -> Decision:
    """R22: with SSO enforced, passwords work for break-glass accounts only, on every door."""
    if mode.sso_enforced and not user.is_break_glass:
        return Decision(
            False,
            "sso_enforced",
            "Single sign-on is enforced: sign in through your identity provider.",
        )
    return ALLOWED


def may_change_second_step(user: User, *, actor: Actor) -> Decision:
    """People keep their own, as long as a password lets them in; an operator resets a lost one."""
    if actor.kind == "operator":
        return ALLOWED
    if not _is_oneself(user, actor):
        return Decision(
            False,
            "own_account_only",
            "Nobody changes another person's second step; on the server manage.py reset_second_factor removes it.",
        )
    return may_use_password(user, current_mode())


def describe(mode: Mode) -> str:
    """The mode in plain words: who does what now, for the dashboard."""
    may = [_MAY[action] for action in MATRIX if cell(action, mode) is YES]
    only = [_ONLY_THE_IDP[action] for action in MATRIX if cell(action, mode) is not YES and action in _ONLY_THE_IDP]
    sentences = [f"{mode}."]
    if may:
        sentences.append(f"Administrators may {_enumerated(may)}.")
    if only:
        sentences.append(f"Only the identity provider {_enumerated(only)}.")
    if cell(Action.INVITE, mode) is NO:
        sentences.append("Nobody is invited: who shall come is assigned in the identity provider.")
    return " ".join(sentences)


def _enumerated(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _decide_by_role(action: Action, actor: Actor) -> Decision:
    if actor.role in ROLES[action] or actor.kind == "operator":
        return ALLOWED
    allowed = " or ".join(str(role.label).lower() for role in Role if role in ROLES[action])
    return Decision(False, "role_required", f"{PHRASES[action]} needs the role {allowed}.", action)


def _decide_by_privilege(action: Action, user: User | None, identity_provider: IdentityProvider | None) -> Decision:
    """What is an owner's where it concerns anybody above member, also for people of the same rank."""
    if user is not None and user.is_privileged:
        role = Role(user.role).label.lower()
        reason = f"{user.username} has the role {role}: only an owner can {_OWNERS_DO[action]}."
        return Decision(False, "owner_required", reason, action)
    if identity_provider is not None and identity_provider.stands_for_privileged:
        reason = (
            f"{identity_provider} manages or signs in people with a role above member: "
            f"only an owner can {_OWNERS_DO[action]}."
        )
        return Decision(False, "owner_required", reason, action)
    return ALLOWED


def _outranks(user: User, actor: Actor, action: Action) -> bool:
    return action is not Action.DELETE_PERMANENTLY and user.rank > Role(actor.role).rank


def _is_oneself(user: User, actor: Actor) -> bool:
    return actor.kind == "user" and actor.id == user.pk


def _decide_by_mode(action: Action, mode: Mode, user: User | None, group: Group | None) -> Decision:
    match cell(action, mode):
        case Cell.YES:
            return ALLOWED
        case Cell.UNMAPPED if group is not None and not group.mappings.exists():
            return ALLOWED
        case Cell.NO if action is Action.SET_STATUS and user is not None and not user.is_managed:
            return UNMANAGED_USER
    return Decision(
        False,
        f"{action}.{mode.code}",
        f"{PHRASES[action]} is not possible here while {mode}. {INSTEAD[action]}",
        action,
        mode,
        INSTEAD[action],
    )


def _a_role(user: User) -> str:
    article = "an" if user.role in _ADMINISTRATORS else "a"
    return f"{article} {Role(user.role).label.lower()}"
