"""Refusals beyond role and mode: one named function per safeguard, asked by `policy.decide` on every door.

`STATES` checks whether an action makes sense in the target's state, from its columns alone; `SAFEGUARDS` whether it
would do harm (R7, R10, R12, R13, R22). Services ask again within their transaction, with the rows locked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from django.utils.functional import cached_property

from identity.core.decisions import ALLOWED, Action, Decision, Mode
from identity.core.errors import Refused
from identity.db.locks import lock
from identity.models import AccessSettings, BulkRow, Conflict, Role, SSOConnection, SSOIdentity, SSOUser, Status, User

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Actor
    from identity.models import APIToken, Asset, BulkRun, Group, IdentityProvider, SSOGroup


class About(TypedDict, total=False):
    """The target. `giver` and `taker` own an asset before and after; `role` is the one to be assigned."""

    user: User | None
    role: Role | None
    group: Group | None
    sso_group: SSOGroup | None
    identity_provider: IdentityProvider | None
    connection: SSOConnection | None
    conflict: Conflict | None
    api_token: APIToken | None
    asset: Asset | None
    giver: User | None
    taker: User | None
    run: BulkRun | None


class Situation:
    """The current state beyond the target's rows: each value is read once, when needed.

    `held`: read while locking the access settings' row, which serialises actors who would each leave the other as
    the last of something, or deadlock on each other's rows. Within a transaction.
    """

    def __init__(self, mode: Mode | None = None, *, held: bool = False) -> None:
        self._mode = mode
        self._held = held

    @cached_property
    def mode(self) -> Mode:
        return self._mode or AccessSettings.objects.mode()

    @cached_property
    def owners(self) -> set[int]:
        """Two of the enabled owners: enough to tell whether there is another one."""
        self._queue()
        return _two(User.objects.enabled_owners())

    @cached_property
    def break_glass(self) -> set[int]:
        """Two of the enabled break-glass accounts."""
        self._queue()
        return _two(User.objects.enabled_break_glass())

    @cached_property
    def is_sso_enforced(self) -> bool:
        return lock(AccessSettings, 1).sso_enforced if self._held else self.mode.sso_enforced

    def _queue(self) -> None:
        if self._held:
            lock(AccessSettings, 1)


def _two(rows: QuerySet[User]) -> set[int]:
    return set(rows.order_by().values_list("pk", flat=True)[:2])


@dataclass(frozen=True, slots=True)
class Asked:
    """The action, its target and the current situation."""

    action: Action
    now: Situation
    actor: Actor | None = None
    user: User | None = None
    role: Role | None = None
    group: Group | None = None
    sso_group: SSOGroup | None = None
    identity_provider: IdentityProvider | None = None
    connection: SSOConnection | None = None
    conflict: Conflict | None = None
    api_token: APIToken | None = None
    asset: Asset | None = None
    giver: User | None = None
    taker: User | None = None
    run: BulkRun | None = None

    @property
    def is_about_oneself(self) -> bool:
        person = self.api_token.user if self.api_token else self.user
        return (
            self.actor is not None and self.actor.kind == "user" and person is not None and self.actor.id == person.pk
        )

    @property
    def is_by_operator(self) -> bool:
        return self.actor is not None and self.actor.kind == "operator"


Safeguard = Callable[[Asked], Decision]


def refused(code: str, reason: str) -> Decision:
    return Decision(False, code, reason)


def refusal(decision: Decision) -> Refused:
    """A refusing decision, as an error."""
    return Refused(decision.reason, code=decision.code, decision=decision)


def _out_of_place(code: str, reason: str) -> Decision:
    """Refused, since it makes no sense in this state."""
    return Decision(False, code, reason, fits=False)


def _so_already(code: str, reason: str) -> Decision:
    """Allowed, without effect."""
    return Decision(True, code, reason, fits=False)


def first_refusal(asked: Asked, safeguards: tuple[Safeguard, ...]) -> Decision:
    """The first that refuses or finds nothing to change, ALLOWED if none does."""
    for safeguard in safeguards:
        decision = safeguard(asked)
        if not decision or not decision.fits:
            return decision
    return ALLOWED


def state_of(asked: Asked) -> Decision:
    """Whether it makes sense for this target, whoever asks and whatever the mode."""
    return first_refusal(asked, STATES.get(asked.action, ()))


def harm_of(asked: Asked) -> Decision:
    """Whether it would do harm."""
    return first_refusal(asked, SAFEGUARDS.get(asked.action, ()))


def require_sense(action: Action, **about: Unpack[About]) -> None:
    """Raise Refused where it makes no sense, whoever asks: for a service whose steps ask the policy themselves."""
    decision = state_of(Asked(action, Situation(), **about))
    if not decision:
        raise refusal(decision)


def under_lock(user: User, *safeguards: Safeguard) -> Decision:
    """The answer of these safeguards for a locked user, for services free of role and mode, such as an IdP's."""
    return first_refusal(Asked(Action.DISABLE, Situation(held=True), user=user), safeguards)


def keep(user: User, *safeguards: Safeguard) -> None:
    """The same, raised as Refused."""
    decision = under_lock(user, *safeguards)
    if not decision:
        raise refusal(decision)


# --- people ---


def invitation_pending(asked: Asked) -> Decision:
    """An invited user never had a password: accepting enables them, revoking disables them (SR-23)."""
    if asked.user is None or asked.user.status != Status.INVITED:
        return ALLOWED
    if asked.action is Action.ENABLE:
        reason = "An invited user is enabled by accepting the invitation: send it again instead."
    else:
        reason = "An invited user can't sign in yet: revoke the invitation instead."
    return _out_of_place("invitation_pending", reason)


def no_invitation(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status == Status.INVITED:
        return ALLOWED
    return _out_of_place("not_invited", f"{asked.user.username} has no pending invitation.")


def enabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.ENABLED:
        return ALLOWED
    return _so_already("already_enabled", f"{asked.user.username} is enabled already.")


def disabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.DISABLED:
        return ALLOWED
    return _so_already("already_disabled", f"{asked.user.username} is disabled already.")


def no_sessions(asked: Asked) -> Decision:
    """Only an enabled user has sessions."""
    if asked.user is None or asked.user.status == Status.ENABLED:
        return ALLOWED
    return _so_already("no_sessions", f"{asked.user.username} is not signed in anywhere.")


def not_disabled(asked: Asked) -> Decision:
    """R10: a user who can still sign in is never deleted."""
    if asked.user is None or asked.user.status == Status.DISABLED:
        return ALLOWED
    reason = f"{asked.user.username} is not disabled: only disabled users can be deleted."
    return _out_of_place("not_disabled", reason)


def last_enabled_owner(asked: Asked) -> Decision:
    """R13, SR-10."""
    user = asked.user
    if user is None or user.role != Role.OWNER or user.status != Status.ENABLED or asked.now.owners - {user.pk}:
        return ALLOWED
    return refused("last_enabled_owner", "This is the last enabled owner: make somebody else an owner first.")


def last_break_glass_account(asked: Asked) -> Decision:
    """While SSO is enforced, one account must be able to sign in when SSO fails (R22)."""
    user = asked.user
    if user is None or not user.is_break_glass or not asked.now.is_sso_enforced or asked.now.break_glass - {user.pk}:
        return ALLOWED
    return refused(
        "last_break_glass_account",
        "SSO is enforced and this is the last enabled break-glass account: create another one first.",
    )


def own_account(asked: Asked) -> Decision:
    if not asked.is_about_oneself:
        return ALLOWED
    return refused("own_account", "Nobody changes their own role or flags: ask another owner.")


def same_role(asked: Asked) -> Decision:
    if asked.user is None or asked.role is None or asked.user.role != asked.role:
        return ALLOWED
    return _so_already("same_role", f"{asked.user.username} has this role already.")


def break_glass_stays_owner(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return refused("break_glass", "A break-glass account stays an owner: clear that flag first.")


def marked_already(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return _so_already("already_break_glass", f"{asked.user.username} is a break-glass account already.")


def no_break_glass_account(asked: Asked) -> Decision:
    if asked.user is None or asked.user.is_break_glass:
        return ALLOWED
    return _so_already("not_break_glass", f"{asked.user.username} is no break-glass account.")


def not_a_local_owner(asked: Asked) -> Decision:
    """R22: no identity provider controls a break-glass account."""
    if asked.user is None or (asked.user.role == Role.OWNER and not asked.user.is_managed):
        return ALLOWED
    return _out_of_place("not_a_local_owner", "Only a local owner can be a break-glass account.")


def email_is_managed(asked: Asked) -> Decision:
    """R2."""
    if asked.user is None or not asked.user.is_managed:
        return ALLOWED
    user = asked.user
    reason = (
        f"{user.managed_by} sets the email of {user.username} once, at first provisioning: it can't be changed here."
    )
    return refused("email_is_managed", reason)


# --- passwords and second steps (R22) ---


def may_use_password(user: User, mode: Mode) -> Decision:
    """With SSO enforced, passwords work for break-glass accounts only, on every door."""
    if mode.sso_enforced and not user.is_break_glass:
        return refused("sso_enforced", "Single sign-on is enforced: sign in through your identity provider.")
    return ALLOWED


def another_persons_second_step(asked: Asked) -> Decision:
    """People keep their own; an operator resets a lost one."""
    if asked.user is None or asked.is_about_oneself or asked.is_by_operator:
        return ALLOWED
    return refused(
        "own_account_only",
        "Nobody changes another person's second step; on the server manage.py reset_second_factor removes it.",
    )


def password_closed(asked: Asked) -> Decision:
    """A second step is changed as long as a password lets its owner in."""
    if asked.user is None or asked.is_by_operator:
        return ALLOWED
    return may_use_password(asked.user, asked.now.mode)


def no_password(asked: Asked) -> Decision:
    if asked.user is None or asked.user.has_usable_password():
        return ALLOWED
    return refused("no_password", "A second step stands beside a password, and this account has none.")


def needed_second_step(asked: Asked) -> Decision:
    """A break-glass account keeps one while SSO is enforced, unless an operator removes it."""
    user = asked.user
    if user is None or asked.is_by_operator or not user.is_break_glass or not asked.now.is_sso_enforced:
        return ALLOWED
    there_are = user.has_app + user.passkeys.count()
    if not there_are or (asked.action is Action.REMOVE_SECOND_STEP and there_are > 1):
        return ALLOWED
    keeps = "A break-glass account keeps its second step while SSO is enforced"
    return refused("needed", f"{keeps}: set up another one first.")


# --- conflicts (R7) ---


def already_decided(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.is_undecided:
        return ALLOWED
    return _out_of_place("already_decided", "This conflict has been decided already.")


def already_resolved(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.state != Conflict.State.RESOLVED:
        return ALLOWED
    return _out_of_place("already_decided", "This conflict has been resolved already.")


def already_dismissed(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.state != Conflict.State.DISMISSED:
        return ALLOWED
    return _so_already("already_dismissed", "This conflict has been dismissed already.")


def must_move(asked: Asked) -> Decision:
    """The account must leave its other identity provider first."""
    if asked.conflict is None or not asked.conflict.must_move:
        return ALLOWED
    user = asked.conflict.user
    reason = f"{user.username} is managed by {user.managed_by}: move the account instead."
    return _out_of_place("needs_move", reason)


def nothing_to_move(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.must_move:
        return ALLOWED
    return _out_of_place("nothing_to_move", "The account belongs to no other identity provider.")


def break_glass_is_not_linked(asked: Asked) -> Decision:
    conflict = asked.conflict
    if conflict is None or not (conflict.user.is_break_glass or conflict.reason == Conflict.Reason.BREAK_GLASS):
        return ALLOWED
    reason = "A break-glass account is never linked to an identity provider."
    return _out_of_place("break_glass", reason)


ALREADY_LINKED = ("already_linked", "The account belongs to another record of an identity provider.")


def follows_another_record(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.can_be_linked:
        return ALLOWED
    return _out_of_place(*ALREADY_LINKED)


def already_linked(asked: Asked) -> Decision:
    """The account is free, or its record is this IdP's own with the same externalId (R9)."""
    conflict = asked.conflict
    if conflict is None:
        return ALLOWED
    record = SSOUser.objects.filter(user=conflict.user_id).first()
    if record is None:
        return ALLOWED
    said = (record.identity_provider_id, record.external_id)
    is_same_record = said == (conflict.identity_provider_id, conflict.external_id)
    if is_same_record and conflict.reason == Conflict.Reason.SAME_EXTERNAL_ID:
        return ALLOWED
    return refused(*ALREADY_LINKED)


def no_newcomer(asked: Asked) -> Decision:
    if asked.conflict is None or asked.conflict.is_about_another_person:
        return ALLOWED
    return _out_of_place(
        "no_newcomer", "Another username would not help: the email collides, or the username does not."
    )


def email_taken(asked: Asked) -> Decision:
    conflict = asked.conflict
    if conflict is None or not conflict.email_key:
        return ALLOWED
    if not User.objects.filter(email_key=conflict.email_key).exclude(pk=conflict.user_id).exists():
        return ALLOWED
    return refused("email_taken", f"The email {conflict.email} belongs to another user, too.")


# --- identity providers and ways to sign in (R22) ---


def connection_enabled_already(asked: Asked) -> Decision:
    if asked.connection is None or not asked.connection.is_enabled:
        return ALLOWED
    return _so_already("already_enabled", "This connection is switched on already.")


def connection_disabled_already(asked: Asked) -> Decision:
    if asked.connection is None or asked.connection.is_enabled:
        return ALLOWED
    return _so_already("already_disabled", "This connection is switched off already.")


def last_connection(asked: Asked) -> Decision:
    """While SSO is enforced, the last connection is the only way in for nearly everyone."""
    leaving = _leaving(asked)
    if leaving is None or not leaving.filter(is_enabled=True).exists() or not asked.now.is_sso_enforced:
        return ALLOWED
    if SSOConnection.objects.enabled().exclude(pk__in=leaving.values("pk")).exists():
        return ALLOWED
    return refused(
        "last_connection",
        "SSO is enforced and this is the last connection that people sign in through: make SSO optional first.",
    )


def _leaving(asked: Asked) -> QuerySet[SSOConnection] | None:
    rows: QuerySet[SSOConnection] = SSOConnection.objects.all()
    if asked.connection is not None:
        return rows.filter(pk=asked.connection.pk)
    return None if asked.identity_provider is None else rows.filter(identity_provider=asked.identity_provider.pk)


def break_glass_not_proven(asked: Asked) -> Decision:
    """A break-glass account must have signed in with its second step before SSO is enforced."""
    if User.objects.proven_break_glass().exists():
        return ALLOWED
    return refused(
        "no_break_glass_account",
        "Prove a break-glass account first: create a local owner with manage.py create_owner, set up its second "
        "step and sign in with it once, so that somebody can open the portal when SSO fails.",
    )


def sso_login_not_proven(asked: Asked) -> Decision:
    """The owner who enforces SSO must have signed in by it, through an identity provider that still works."""
    if asked.actor is not None and asked.actor.kind == "user" and _has_signed_in_by_sso(asked.actor.id):
        return ALLOWED
    return refused(
        "sso_login_not_proven",
        "Sign in through SSO yourself first: only an owner who has done so can enforce it.",
    )


def _has_signed_in_by_sso(user_id: int | None) -> bool:
    identities = SSOIdentity.objects.filter(user=user_id, last_login_at__isnull=False)
    return identities.filter(identity_provider__sso_connections__is_enabled=True).exists()


# --- groups, assets, bulk actions ---


def pushed(asked: Asked) -> Decision:
    """R19: a declared group is the portal's, a pushed one the identity provider's."""
    if asked.sso_group is None or asked.sso_group.is_declared_only:
        return ALLOWED
    reason = f"{asked.sso_group} was pushed by the identity provider: delete it there."
    return _out_of_place("pushed", reason)


def disabled_taker(asked: Asked) -> Decision:
    """R12: a new owner need not have signed in yet, but must be able to."""
    if asked.taker is None or asked.taker.status != Status.DISABLED:
        return ALLOWED
    return refused("owner_disabled", f"{asked.taker} is disabled: choose somebody who can look after it.")


def last_asset_owner(asked: Asked) -> Decision:
    """R12."""
    if asked.asset is None or asked.giver is None or asked.asset.ownerships.exclude(user=asked.giver).exists():
        return ALLOWED
    return refused("last_asset_owner", f"{asked.asset} would be left without an owner: add another one first.")


def not_an_owner(asked: Asked) -> Decision:
    if asked.asset is None or asked.giver is None or asked.asset.ownerships.filter(user=asked.giver).exists():
        return ALLOWED
    return refused("not_an_owner", f"{asked.giver} does not own {asked.asset}.")


def started_already(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return _so_already("already_started", "It has been started already.")


def still_a_draft(asked: Asked) -> Decision:
    if asked.run is None or not asked.run.is_draft:
        return ALLOWED
    return _out_of_place("is_draft", "This is a draft: look through it and start it first.")


def not_a_draft(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return _out_of_place("not_a_draft", "It has been started: its results stay.")


def nothing_to_start(asked: Asked) -> Decision:
    if asked.run is None or asked.run.rows.filter(outcome=BulkRow.Outcome.PENDING).exists():
        return ALLOWED
    return _out_of_place("nothing_to_start", "There is nobody in this draft with whom it could be done: discard it.")


def nothing_waits(asked: Asked) -> Decision:
    if asked.run is None or asked.run.rows.filter(outcome=BulkRow.Outcome.PENDING).exists():
        return ALLOWED
    return _so_already("nothing_waits", "Nobody waits for it any more.")


STATES: dict[Action, tuple[Safeguard, ...]] = {
    Action.ENABLE: (invitation_pending, enabled_already),
    Action.DISABLE: (invitation_pending, disabled_already),
    Action.RESEND_INVITATION: (no_invitation,),
    Action.REVOKE_INVITATION: (no_invitation,),
    Action.CHANGE_ROLE: (same_role,),
    Action.MARK_BREAK_GLASS: (marked_already, not_a_local_owner),
    Action.CLEAR_BREAK_GLASS: (no_break_glass_account,),
    Action.END_SESSIONS: (no_sessions,),
    Action.DELETE_PERMANENTLY: (not_disabled,),
    Action.LINK_CONFLICT: (already_decided, break_glass_is_not_linked, follows_another_record, must_move),
    Action.MOVE_CONFLICT: (already_decided, nothing_to_move, break_glass_is_not_linked),
    Action.GIVE_OWN_USERNAME: (already_decided, no_newcomer),
    Action.DISMISS_CONFLICT: (already_resolved, already_dismissed),
    Action.ENABLE_CONNECTION: (connection_enabled_already,),
    Action.DISABLE_CONNECTION: (connection_disabled_already,),
    Action.WITHDRAW_SSO_GROUP: (pushed,),
    Action.START_RUN: (started_already, nothing_to_start),
    Action.CONTINUE_RUN: (still_a_draft, nothing_waits),
    Action.DISCARD_RUN: (not_a_draft,),
}

SAFEGUARDS: dict[Action, tuple[Safeguard, ...]] = {
    Action.DISABLE: (last_enabled_owner, last_break_glass_account),
    Action.CHANGE_EMAIL: (email_is_managed,),
    Action.CHANGE_ROLE: (own_account, break_glass_stays_owner, last_enabled_owner),
    Action.MARK_BREAK_GLASS: (own_account,),
    Action.CLEAR_BREAK_GLASS: (own_account, last_break_glass_account),
    Action.LINK_CONFLICT: (already_linked,),
    Action.GIVE_OWN_USERNAME: (email_taken,),
    Action.CHANGE_SECOND_STEP: (another_persons_second_step, password_closed),
    Action.SET_UP_SECOND_STEP: (another_persons_second_step, password_closed, no_password),
    Action.REMOVE_SECOND_STEP: (another_persons_second_step, password_closed, needed_second_step),
    Action.RESET_SECOND_STEP: (another_persons_second_step, password_closed, needed_second_step),
    Action.DELETE_PROVIDER: (last_connection,),
    Action.DISABLE_CONNECTION: (last_connection,),
    Action.DELETE_CONNECTION: (last_connection,),
    Action.ADD_ASSET_OWNER: (disabled_taker,),
    Action.REMOVE_ASSET_OWNER: (last_asset_owner,),
    Action.TRANSFER_ASSET: (disabled_taker, not_an_owner),
    Action.ENFORCE_SSO: (break_glass_not_proven, sso_login_not_proven),
}
