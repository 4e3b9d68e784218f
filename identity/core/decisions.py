"""The vocabulary of decisions: actions, modes and answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Mode(NamedTuple):
    """SCIM on or off, SSO enforced or optional: a column of the policy table."""

    scim_enabled: bool
    sso_enforced: bool

    @property
    def code(self) -> str:
        scim = "scim_on" if self.scim_enabled else "scim_off"
        return f"{scim}_sso_enforced" if self.sso_enforced else f"{scim}_sso_optional"

    def __str__(self) -> str:
        scim = "SCIM is on" if self.scim_enabled else "SCIM is off"
        return f"{scim} and SSO is {'enforced' if self.sso_enforced else 'not enforced'}"


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of mode, done or looked at."""

    before: Mode
    after: Mode

    @property
    def starts_scim(self) -> bool:
        return self.after.scim_enabled and not self.before.scim_enabled

    @property
    def stops_scim(self) -> bool:
        return self.before.scim_enabled and not self.after.scim_enabled

    @property
    def enforces_sso(self) -> bool:
        return self.after.sso_enforced and not self.before.sso_enforced

    @property
    def relaxes_sso(self) -> bool:
        return self.before.sso_enforced and not self.after.sso_enforced

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after


class Action(StrEnum):
    """Everything a person may or may not see or do in the portal."""

    # The rows of the table: who may do it, and in which mode.
    INVITE = "invite"
    EDIT_PROFILE = "edit_profile"
    CHANGE_EMAIL = "change_email"
    CHANGE_MEMBERS = "change_members"
    SET_STATUS = "set_status"
    MANAGE_GROUPS = "manage_groups"
    MANAGE_MAPPINGS = "manage_mappings"
    RECONCILE = "reconcile"
    RESOLVE_CONFLICTS = "resolve_conflicts"
    MANAGE_PROVIDERS = "manage_providers"
    CHANGE_TRUST = "change_trust"
    MANAGE_BRAKES = "manage_brakes"
    DECIDE_TURNED_AWAY = "decide_turned_away"
    MANAGE_ASSETS = "manage_assets"
    MANAGE_BULK_RUNS = "manage_bulk_runs"
    END_SESSIONS = "end_sessions"
    MANAGE_API_TOKENS = "manage_api_tokens"
    CHANGE_ROLE = "change_role"
    CHANGE_ACCESS_SETTINGS = "change_access_settings"
    PRUNE_RECORDS = "prune_records"
    RUN_JOBS = "run_jobs"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_NOTIFICATIONS = "manage_notifications"
    RESTORE_RUN = "restore_run"
    DELETE_PERMANENTLY = "delete_permanently"
    CHANGE_SECOND_STEP = "change_second_step"
    CREATE_API_TOKEN = "create_api_token"  # noqa: S105
    USE_PASSWORD = "use_password"  # noqa: S105

    # Viewing, area by area.
    VIEW_DIRECTORY = "view_directory"  # people and their history
    VIEW_GROUPS = "view_groups"  # with their mappings and SSO groups
    VIEW_PROVIDERS = "view_providers"  # with their connections, tokens and SSO users
    VIEW_CONFLICTS = "view_conflicts"
    VIEW_LOGS = "view_logs"
    VIEW_ACCESS = "view_access"
    VIEW_API_TOKENS = "view_api_tokens"
    VIEW_ASSETS = "view_assets"
    VIEW_BULK_RUNS = "view_bulk_runs"
    VIEW_DISABLED_USERS = "view_disabled_users"
    VIEW_DELETIONS = "view_deletions"

    # Actions on one object, in the row of the table that `PART_OF` names, as far as the object's state allows.
    RESEND_INVITATION = "resend_invitation"
    REVOKE_INVITATION = "revoke_invitation"
    ENABLE = "enable"
    DISABLE = "disable"
    MARK_BREAK_GLASS = "mark_break_glass"
    CLEAR_BREAK_GLASS = "clear_break_glass"
    END_SESSION = "end_session"
    REVOKE_API_TOKEN = "revoke_api_token"  # noqa: S105
    WITHDRAW_SSO_GROUP = "withdraw_sso_group"
    LINK_CONFLICT = "link_conflict"
    MOVE_CONFLICT = "move_conflict"
    GIVE_OWN_USERNAME = "give_own_username"
    DISMISS_CONFLICT = "dismiss_conflict"
    DELETE_PROVIDER = "delete_provider"
    PAUSE_PROVIDER = "pause_provider"
    RESUME_PROVIDER = "resume_provider"
    ENABLE_CONNECTION = "enable_connection"
    DISABLE_CONNECTION = "disable_connection"
    DELETE_CONNECTION = "delete_connection"
    ADD_ASSET_OWNER = "add_asset_owner"
    REMOVE_ASSET_OWNER = "remove_asset_owner"
    TRANSFER_ASSET = "transfer_asset"
    ENFORCE_SSO = "enforce_sso"
    HAND_OVER = "hand_over"  # what the deleted user alone owned
    SET_UP_APP = "set_up_app"
    REPLACE_APP = "replace_app"
    REMOVE_APP = "remove_app"
    ADD_PASSKEY = "add_passkey"
    RENAME_PASSKEY = "rename_passkey"
    REMOVE_PASSKEY = "remove_passkey"
    MAKE_RECOVERY_CODES = "make_recovery_codes"
    RESET_SECOND_STEP = "reset_second_step"  # all of it
    SIGN_IN_BY_PASSWORD = "sign_in_by_password"  # noqa: S105
    SIGN_IN_BY_PASSKEY = "sign_in_by_passkey"
    CHANGE_PASSWORD = "change_password"  # noqa: S105
    START_RUN = "start_run"
    CONTINUE_RUN = "continue_run"
    DISCARD_RUN = "discard_run"

    @property
    def row(self) -> Action:
        """The row of the table that says who may do it, and in which mode."""
        return PART_OF.get(self, self)


PART_OF: dict[Action, Action] = {
    Action.RESEND_INVITATION: Action.INVITE,
    Action.REVOKE_INVITATION: Action.SET_STATUS,
    Action.ENABLE: Action.SET_STATUS,
    Action.DISABLE: Action.SET_STATUS,
    Action.MARK_BREAK_GLASS: Action.CHANGE_ROLE,
    Action.CLEAR_BREAK_GLASS: Action.CHANGE_ROLE,
    Action.END_SESSION: Action.END_SESSIONS,
    Action.REVOKE_API_TOKEN: Action.MANAGE_API_TOKENS,
    Action.WITHDRAW_SSO_GROUP: Action.MANAGE_MAPPINGS,
    Action.LINK_CONFLICT: Action.RESOLVE_CONFLICTS,
    Action.MOVE_CONFLICT: Action.RESOLVE_CONFLICTS,
    Action.GIVE_OWN_USERNAME: Action.RESOLVE_CONFLICTS,
    Action.DISMISS_CONFLICT: Action.RESOLVE_CONFLICTS,
    Action.DELETE_PROVIDER: Action.CHANGE_TRUST,
    Action.PAUSE_PROVIDER: Action.MANAGE_PROVIDERS,
    Action.RESUME_PROVIDER: Action.MANAGE_PROVIDERS,
    Action.ENABLE_CONNECTION: Action.CHANGE_TRUST,
    Action.DISABLE_CONNECTION: Action.MANAGE_PROVIDERS,  # in an emergency: it grants no access
    Action.DELETE_CONNECTION: Action.CHANGE_TRUST,
    Action.ADD_ASSET_OWNER: Action.MANAGE_ASSETS,
    Action.REMOVE_ASSET_OWNER: Action.MANAGE_ASSETS,
    Action.TRANSFER_ASSET: Action.MANAGE_ASSETS,
    Action.ENFORCE_SSO: Action.CHANGE_ACCESS_SETTINGS,
    Action.HAND_OVER: Action.DELETE_PERMANENTLY,
    Action.SET_UP_APP: Action.CHANGE_SECOND_STEP,
    Action.REPLACE_APP: Action.CHANGE_SECOND_STEP,
    Action.REMOVE_APP: Action.CHANGE_SECOND_STEP,
    Action.ADD_PASSKEY: Action.CHANGE_SECOND_STEP,
    Action.RENAME_PASSKEY: Action.CHANGE_SECOND_STEP,
    Action.REMOVE_PASSKEY: Action.CHANGE_SECOND_STEP,
    Action.MAKE_RECOVERY_CODES: Action.CHANGE_SECOND_STEP,
    Action.RESET_SECOND_STEP: Action.CHANGE_SECOND_STEP,
    Action.SIGN_IN_BY_PASSWORD: Action.USE_PASSWORD,
    Action.SIGN_IN_BY_PASSKEY: Action.USE_PASSWORD,
    Action.CHANGE_PASSWORD: Action.USE_PASSWORD,
    Action.START_RUN: Action.MANAGE_BULK_RUNS,
    Action.CONTINUE_RUN: Action.MANAGE_BULK_RUNS,
    Action.DISCARD_RUN: Action.MANAGE_BULK_RUNS,
}
ROWS = tuple(action for action in Action if action not in PART_OF)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: `code` is stable, `reason` is a sentence that says who can do it instead.

    A refusal also names the action and, when a cell of the table refused it, the mode and the alternative.
    `fits` is false for what makes no sense in the current state: refused, or allowed without effect.
    Doors don't offer that.
    """

    allowed: bool
    code: str
    reason: str = ""
    action: Action | None = None
    mode: Mode | None = None
    instead: str = ""
    fits: bool = True

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True, "allowed")
