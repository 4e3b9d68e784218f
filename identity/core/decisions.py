"""What is decided about: what somebody may want to do, under which mode, and what the answer is."""

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


class Action(StrEnum):
    """Everything that somebody may or may not do in the portal."""

    INVITE = "invite"
    EDIT_PROFILE = "edit_profile"
    CHANGE_EMAIL = "change_email"
    CHANGE_MEMBERS = "change_members"
    SET_STATUS = "set_status"
    MANAGE_GROUPS = "manage_groups"
    MANAGE_MAPPINGS = "manage_mappings"
    RESOLVE_CONFLICTS = "resolve_conflicts"
    MANAGE_PROVIDERS = "manage_providers"
    CHANGE_TRUST = "change_trust"
    MANAGE_ASSETS = "manage_assets"
    VIEW_DIRECTORY = "view_directory"
    END_SESSIONS = "end_sessions"
    MANAGE_API_TOKENS = "manage_api_tokens"
    CHANGE_ROLE = "change_role"
    CHANGE_ACCESS_SETTINGS = "change_access_settings"
    DELETE_PERMANENTLY = "delete_permanently"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: `code` is stable, `reason` is a sentence that says who can do it instead.

    A refusal also names what was asked, and, when a cell of the table refused, the mode and what to do instead.
    """

    allowed: bool
    code: str
    reason: str = ""
    action: Action | None = None
    mode: Mode | None = None
    instead: str = ""

    def __bool__(self) -> bool:
        return self.allowed
