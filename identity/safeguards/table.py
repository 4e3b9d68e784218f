"""Which safeguards an action has to pass; asked by `policy.decide` on every door.

`ONES_OWN` lists what people do only for themselves; `STATES` checks whether an action makes sense in the target's
state; `SAFEGUARDS` whether it would do harm (R7, R10, R12, R13, R22). Services ask again within their transaction, with
the rows locked.
"""

from __future__ import annotations

from typing import Unpack

from identity.core.decisions import ALLOWED, Action, Decision
from identity.models import User
from identity.safeguards import conflicts, people, reconciling, resources, second_steps, ways_in
from identity.safeguards.asked import About, Asked, Safeguard, Situation, granted

# Rows of the table that are about oneself alone, whatever the role.
ONES_OWN: dict[Action, Safeguard] = {
    Action.CHANGE_SECOND_STEP: second_steps.another_persons_second_step,
    Action.CREATE_API_TOKEN: people.not_a_person,
}

STATES: dict[Action, tuple[Safeguard, ...]] = {
    Action.ENABLE: (people.invitation_pending, people.enabled_already),
    Action.DISABLE: (people.invitation_pending, people.disabled_already),
    Action.RESEND_INVITATION: (people.no_invitation,),
    Action.REVOKE_INVITATION: (people.no_invitation,),
    Action.CHANGE_ROLE: (people.same_role,),
    Action.MARK_BREAK_GLASS: (people.marked_already, people.not_a_local_owner),
    Action.CLEAR_BREAK_GLASS: (people.no_break_glass_account,),
    Action.END_SESSIONS: (people.no_sessions,),
    Action.DELETE_PERMANENTLY: (people.not_disabled,),
    Action.LINK_CONFLICT: (
        conflicts.already_decided,
        conflicts.break_glass_is_not_linked,
        conflicts.follows_another_record,
        conflicts.must_move,
    ),
    Action.MOVE_CONFLICT: (conflicts.already_decided, conflicts.nothing_to_move, conflicts.break_glass_is_not_linked),
    Action.GIVE_OWN_USERNAME: (conflicts.already_decided, conflicts.no_newcomer),
    Action.DISMISS_CONFLICT: (conflicts.already_resolved, conflicts.already_dismissed),
    Action.ENABLE_CONNECTION: (ways_in.connection_enabled_already,),
    Action.DISABLE_CONNECTION: (ways_in.connection_disabled_already,),
    Action.PAUSE_PROVIDER: (resources.paused_already,),
    Action.RESUME_PROVIDER: (resources.not_paused,),
    Action.DECIDE_TURNED_AWAY: (resources.nothing_turned_away,),
    Action.WITHDRAW_SSO_GROUP: (resources.pushed,),
    Action.RECONCILE: (reconciling.scim_is_off, reconciling.fed_by_none, reconciling.nothing_differs),
    Action.ADD_ASSET_OWNER: (resources.owner_already,),
    Action.REMOVE_ASSET_OWNER: (resources.no_owner_already,),
    Action.TRANSFER_ASSET: (resources.not_an_owner, resources.same_owner),
    Action.ENFORCE_SSO: (ways_in.enforced_already,),
    Action.SET_UP_APP: (second_steps.has_app_already,),
    Action.REPLACE_APP: (second_steps.has_no_app,),
    Action.REMOVE_APP: (second_steps.has_no_app_to_remove,),
    Action.RENAME_PASSKEY: (second_steps.has_no_passkey,),
    Action.REMOVE_PASSKEY: (second_steps.has_no_passkey,),
    Action.MAKE_RECOVERY_CODES: (second_steps.has_no_second_step,),
    Action.START_RUN: (resources.started_already, resources.nothing_to_start),
    Action.CONTINUE_RUN: (resources.still_a_draft, resources.nothing_waits),
    Action.DISCARD_RUN: (resources.not_a_draft,),
}

SAFEGUARDS: dict[Action, tuple[Safeguard, ...]] = {
    Action.DISABLE: (people.last_enabled_owner, people.last_break_glass_account),
    Action.CHANGE_EMAIL: (people.email_is_managed,),
    Action.CHANGE_ROLE: (people.own_account, people.break_glass_stays_owner, people.last_enabled_owner),
    Action.MARK_BREAK_GLASS: (people.own_account, people.gets_in_by_sso_only),
    Action.CLEAR_BREAK_GLASS: (people.own_account, people.last_break_glass_account),
    Action.LINK_CONFLICT: (conflicts.already_linked,),
    Action.GIVE_OWN_USERNAME: (conflicts.email_taken,),
    Action.CREATE_API_TOKEN: (people.account_disabled,),
    Action.CHANGE_SECOND_STEP: (second_steps.password_closed,),
    Action.SET_UP_APP: (second_steps.no_password, second_steps.password_closed),
    Action.REPLACE_APP: (second_steps.password_closed,),
    Action.REMOVE_APP: (second_steps.password_closed, second_steps.needed_second_step),
    Action.ADD_PASSKEY: (second_steps.no_password, second_steps.password_closed, second_steps.too_many_passkeys),
    Action.RENAME_PASSKEY: (second_steps.password_closed,),
    Action.REMOVE_PASSKEY: (second_steps.password_closed, second_steps.needed_second_step),
    Action.MAKE_RECOVERY_CODES: (second_steps.password_closed,),
    Action.RESET_SECOND_STEP: (second_steps.password_closed, second_steps.needed_second_step),
    Action.USE_PASSWORD: (second_steps.password_closed,),
    Action.SIGN_IN_BY_PASSWORD: (
        people.account_disabled,
        second_steps.unproven_while_another_is,
        second_steps.password_closed,
    ),
    Action.SIGN_IN_BY_PASSKEY: (people.account_disabled, second_steps.no_password, second_steps.password_closed),
    Action.CHANGE_PASSWORD: (people.account_disabled, second_steps.no_password, second_steps.password_closed),
    Action.HAND_OVER: (resources.taker_needed, resources.disabled_taker),
    Action.DELETE_PROVIDER: (ways_in.last_connection,),
    Action.DISABLE_CONNECTION: (ways_in.last_connection,),
    Action.DELETE_CONNECTION: (ways_in.last_connection,),
    Action.ADD_ASSET_OWNER: (resources.disabled_taker,),
    Action.REMOVE_ASSET_OWNER: (resources.last_asset_owner,),
    Action.TRANSFER_ASSET: (resources.disabled_taker,),
    Action.ENFORCE_SSO: (ways_in.break_glass_not_proven, ways_in.sso_login_not_proven),
}


def first_refusal(asked: Asked, safeguards: tuple[Safeguard, ...]) -> Decision:
    """The first that refuses or finds nothing to change, ALLOWED if none does."""
    for safeguard in safeguards:
        decision = safeguard(asked)
        if not decision or not decision.fits:
            return decision
    return ALLOWED


def own_of(asked: Asked) -> Decision:
    """Whether it is the actor's own, for actions that people do only for themselves."""
    return ONES_OWN[asked.action.row](asked) if asked.action.row in ONES_OWN else ALLOWED


def state_of(asked: Asked) -> Decision:
    """Whether it makes sense for this target, for any actor and in any mode."""
    return first_refusal(asked, STATES.get(asked.action, ()))


def harm_of(asked: Asked) -> Decision:
    """Whether it would do harm."""
    return first_refusal(asked, SAFEGUARDS.get(asked.action, ()))


def require_sense(action: Action, **about: Unpack[About]) -> None:
    """Raise Refused where it makes no sense for any actor: for a service whose steps ask the policy themselves."""
    granted(state_of(Asked(action, Situation(), **about)))


def under_lock(user: User, *safeguards: Safeguard) -> Decision:
    """The answer of these safeguards for a locked user, for services free of role and mode, such as an IdP's."""
    return first_refusal(Asked(Action.DISABLE, Situation(held=True), user=user), safeguards)


def keep(user: User, *safeguards: Safeguard) -> None:
    """The same, raised as Refused."""
    granted(under_lock(user, *safeguards))
