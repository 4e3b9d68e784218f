"""Every event that the audit trail can hold: its name, and its wording for people and for other systems.

The single source: pages, REST, files and docs/events.md take all they say about a kind of event from here. A member
is a string, and that string is what is stored.
"""

from __future__ import annotations

from enum import Flag, StrEnum, auto
from typing import Any, NamedTuple

from django.db.models import TextChoices

from identity.core.words import table
from identity.event_classes import (
    AccountChange,
    Activity,
    Authentication,
    EntityManagement,
    GroupManagement,
    Severity,
    UserAccess,
)


class Family(TextChoices):
    """What an event is about: the first word of its name."""

    USER = "user", "Users"
    SIGN_IN = "sign_in", "Failed sign-ins"
    MEMBERSHIP = "membership", "Group members"
    GROUP = "group", "Groups"
    GROUP_MAPPING = "group_mapping", "Mappings"
    SSO_GROUP = "sso_group", "SSO groups"
    CONFLICT = "conflict", "Conflicts"
    IDENTITY_PROVIDER = "identity_provider", "Identity providers"
    SSO_CONNECTION = "sso_connection", "SSO connections"
    SCIM_TOKEN = "scim_token", "SCIM tokens"
    SCIM_TRUST = "scim_trust", "SCIM trusts"
    API_TOKEN = "api_token", "API tokens"
    ASSET = "asset", "Assets"
    ACCESS = "access", "Access settings"
    RECORDS = "records", "Records"
    SCHEDULED_JOB = "scheduled_job", "Scheduled jobs"
    WEBHOOK = "webhook", "Webhooks"
    ALARM = "alarm", "Alarms"
    NOTIFICATION_RULE = "notification_rule", "Notification rules"


class Personal(Flag):
    """Personal data an event may carry, erased with the user (R10)."""

    NOTHING = 0
    NAMES = auto()  # names, username and email of the user it is about
    ORIGIN = auto()  # address and browser of the person who signed in or tried to


class _Told(NamedTuple):
    """Everything about a kind of event; most have just a name, an activity and words."""

    name: str
    activity: Activity
    words: str
    to_person: str  # the words in the trail of the user it is about
    moved: str  # the words for one of the many users moved between groups; {name}: the SSO group, or what was noted
    personal: Personal
    severity: Severity
    is_failure: bool  # an attempt that failed
    is_sign_in: bool  # left out of a user's trail: it changed nothing


def _told(
    name: str,
    activity: Activity,
    words: str,
    *,
    to_person: str = "",
    moved: str = "",
    personal: Personal = Personal.NOTHING,
    severity: Severity = Severity.INFORMATIONAL,
    is_failure: bool = False,
    is_sign_in: bool = False,
) -> _Told:
    return _Told(name, activity, words, to_person or words, moved, personal, severity, is_failure, is_sign_in)


class Event(StrEnum):
    """A kind of event. Its name is stable: it is stored, and other systems build rules on it."""

    told: _Told

    def __new__(cls, *told: Any) -> Event:
        member = str.__new__(cls, told[0])
        member._value_ = told[0]
        member.told = _Told(*told)
        return member

    @classmethod
    def known(cls, name: str) -> Event | None:
        """The member of this name; None for one that only another version of the portal knows."""
        try:
            return cls(name)
        except ValueError:
            return None

    @classmethod
    def of(cls, family: str) -> list[Event]:
        return [event for event in cls if event.family == family]

    @property
    def family(self) -> Family:
        return Family(self.value.partition(".")[0])

    USER_PROVISIONED = _told(
        "user.provisioned", AccountChange.CREATE, "Created by the identity provider", personal=Personal.NAMES
    )
    USER_ADOPTED = _told(
        "user.adopted",
        AccountChange.OTHER,
        "Existing account adopted by the identity provider",
        personal=Personal.NAMES,
    )
    USER_LINKED = _told(
        "user.linked", AccountChange.OTHER, "Linked to the identity provider, as approved", personal=Personal.NAMES
    )
    USER_REVIVED = _told(
        "user.revived",
        AccountChange.ENABLE,
        "Created again by the identity provider: the old account was revived",
        personal=Personal.NAMES,
    )
    USER_UPDATED = _told(
        "user.updated", AccountChange.OTHER, "Updated by the identity provider", personal=Personal.NAMES
    )
    USER_DEPROVISIONED = _told("user.deprovisioned", AccountChange.OTHER, "Removed by the identity provider")
    USER_RELEASED = _told("user.released", AccountChange.OTHER, "Released from the identity provider")
    USER_ENABLED = _told("user.enabled", AccountChange.ENABLE, "Enabled")
    USER_DISABLED = _told("user.disabled", AccountChange.DISABLE, "Disabled")
    USER_INVITED = _told("user.invited", AccountChange.CREATE, "Invited", personal=Personal.NAMES)
    USER_INVITATION_RESENT = _told("user.invitation_resent", AccountChange.OTHER, "Invitation sent again")
    USER_INVITATION_REVOKED = _told("user.invitation_revoked", AccountChange.OTHER, "Invitation revoked")
    USER_INVITATION_ACCEPTED = _told("user.invitation_accepted", AccountChange.OTHER, "Accepted the invitation")
    USER_CREATED = _told("user.created", AccountChange.CREATE, "Created", personal=Personal.NAMES)
    USER_PROFILE_EDITED = _told("user.profile_edited", AccountChange.OTHER, "Profile edited", personal=Personal.NAMES)
    USER_ROLE_CHANGED = _told("user.role_changed", UserAccess.ASSIGN, "Role changed", severity=Severity.MEDIUM)
    USER_BREAK_GLASS_SET = _told(
        "user.break_glass_set", UserAccess.ASSIGN, "Break-glass flag changed", severity=Severity.MEDIUM
    )
    USER_PASSWORD_CHANGED = _told("user.password_changed", AccountChange.PASSWORD_CHANGE, "Password changed")
    USER_LOGIN = _told("user.login", Authentication.LOGON, "Signed in", personal=Personal.ORIGIN, is_sign_in=True)
    USER_BREAK_GLASS_LOGIN = _told(
        "user.break_glass_login",
        Authentication.LOGON,
        "Signed in with a break-glass account",
        personal=Personal.ORIGIN,
        severity=Severity.HIGH,
        is_sign_in=True,
    )
    USER_CREATED_AT_SIGN_IN = _told(
        "user.created_at_sign_in",
        AccountChange.CREATE,
        "Created at the first sign-in through the identity provider",
        personal=Personal.NAMES,
    )
    USER_SSO_IDENTITY_LINKED = _told(
        "user.sso_identity_linked",
        AccountChange.OTHER,
        "Signs in through the identity provider from now on",
        personal=Personal.NAMES,
    )
    USER_GROUPS_FOLLOWED_CLAIM = _told(
        "user.groups_followed_claim", AccountChange.OTHER, "Groups followed what the identity provider said at sign-in"
    )
    USER_GROUPS_CLAIM_MISSING = _told(
        "user.groups_claim_missing",
        AccountChange.OTHER,
        "The identity provider sent no groups at sign-in: nothing was changed",
    )
    USER_GROUPS_CLAIM_UNREADABLE = _told(
        "user.groups_claim_unreadable",
        AccountChange.OTHER,
        "The groups that the identity provider sent can't be read: nothing was changed",
    )
    USER_SECOND_FACTOR_SET_UP = _told(
        "user.second_factor_set_up", AccountChange.MFA_ENABLE, "Set up a second step for signing in"
    )
    USER_SECOND_FACTOR_REPLACED = _told(
        "user.second_factor_replaced",
        AccountChange.MFA_ENABLE,
        "Replaced the app of the second step for signing in",
        severity=Severity.LOW,
    )
    USER_RECOVERY_CODES_MADE = _told(
        "user.recovery_codes_made", AccountChange.OTHER, "Made new recovery codes", severity=Severity.LOW
    )
    USER_SECOND_FACTOR_REMOVED = _told(
        "user.second_factor_removed",
        AccountChange.MFA_DISABLE,
        "Second step for signing in removed",
        severity=Severity.LOW,
    )
    USER_PASSKEY_ADDED = _told(
        "user.passkey_added",
        AccountChange.MFA_ENABLE,
        "Added a passkey",
        personal=Personal.NAMES,
        severity=Severity.LOW,
    )
    USER_PASSKEY_RENAMED = _told(
        "user.passkey_renamed", AccountChange.OTHER, "Renamed a passkey", personal=Personal.NAMES
    )
    USER_PASSKEY_REMOVED = _told(
        "user.passkey_removed",
        AccountChange.MFA_DISABLE,
        "Removed a passkey",
        personal=Personal.NAMES,
        severity=Severity.LOW,
    )
    USER_SESSION_ENDED = _told("user.session_ended", Authentication.LOGOFF, "Signed out of one browser")
    USER_SESSIONS_ENDED = _told("user.sessions_ended", Authentication.LOGOFF, "Signed out everywhere")
    USER_SIGNED_OUT_BY_PROVIDER = _told(
        "user.signed_out_by_provider", Authentication.LOGOFF, "Signed out, as at the identity provider"
    )
    USER_DELETED_PERMANENTLY = _told(
        "user.deleted_permanently", AccountChange.DELETE, "Deleted permanently", severity=Severity.MEDIUM
    )

    SIGN_IN_PAUSED = _told(
        "sign_in.paused",
        Authentication.LOGON,
        "Sign-in refused: too many tries",
        personal=Personal.ORIGIN,
        severity=Severity.MEDIUM,
        is_failure=True,
        is_sign_in=True,
    )
    SIGN_IN_REFUSED = _told(
        "sign_in.refused",
        Authentication.LOGON,
        "Sign-in refused",
        personal=Personal.ORIGIN,
        is_failure=True,
        is_sign_in=True,
    )
    SIGN_IN_UNKNOWN_NAME = _told(
        "sign_in.unknown_name",
        Authentication.LOGON,
        "Sign-in with an unknown name",
        personal=Personal.ORIGIN,
        is_failure=True,
    )
    SIGN_IN_WRONG_CODE = _told(
        "sign_in.wrong_code",
        Authentication.LOGON,
        "Wrong code of the second step",
        personal=Personal.ORIGIN,
        severity=Severity.MEDIUM,
        is_failure=True,
        is_sign_in=True,
    )
    SIGN_IN_WRONG_PASSKEY = _told(
        "sign_in.wrong_passkey",
        Authentication.LOGON,
        "Passkey not accepted",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
        is_sign_in=True,
    )
    SIGN_IN_COPIED_PASSKEY = _told(
        "sign_in.copied_passkey",
        Authentication.LOGON,
        "Passkey refused: its counter went back, so it may have been copied",
        personal=Personal.ORIGIN,
        severity=Severity.HIGH,
        is_failure=True,
        is_sign_in=True,
    )
    SIGN_IN_WRONG_PASSWORD = _told(
        "sign_in.wrong_password",
        Authentication.LOGON,
        "Wrong password",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
        is_sign_in=True,
    )

    MEMBERSHIP_ADDED = _told("membership.added", GroupManagement.ADD_USER, "Added to a group")
    MEMBERSHIP_REMOVED = _told("membership.removed", GroupManagement.REMOVE_USER, "Removed from a group")

    GROUP_CREATED = _told("group.created", GroupManagement.CREATE, "Group created")
    GROUP_DELETED = _told(
        "group.deleted", GroupManagement.DELETE, "Group deleted", moved="The group {name} was deleted"
    )
    GROUP_EDITED = _told("group.edited", GroupManagement.OTHER, "Group edited")

    GROUP_MAPPING_CREATED = _told(
        "group_mapping.created",
        GroupManagement.OTHER,
        "SSO group mapped",
        moved="The SSO group {name} was mapped to it",
    )
    GROUP_MAPPING_DELETED = _told(
        "group_mapping.deleted",
        GroupManagement.OTHER,
        "Mapping deleted",
        moved="The mapping of the SSO group {name} to it was deleted",
    )

    SSO_GROUP_DECLARATION_WITHDRAWN = _told(
        "sso_group.declaration_withdrawn", GroupManagement.DELETE, "Declaration of an SSO group withdrawn"
    )
    SSO_GROUP_DECLARED = _told("sso_group.declared", GroupManagement.CREATE, "SSO group declared")
    SSO_GROUP_DELETED = _told(
        "sso_group.deleted",
        GroupManagement.DELETE,
        "SSO group deleted by the identity provider",
        moved="The identity provider deleted the SSO group {name}",
    )
    SSO_GROUP_PUSHED = _told(
        "sso_group.pushed",
        GroupManagement.CREATE,
        "SSO group pushed by the identity provider",
        moved="The identity provider pushed the SSO group {name}",
    )
    SSO_GROUP_UPDATED = _told(
        "sso_group.updated",
        GroupManagement.OTHER,
        "SSO group changed by the identity provider",
        moved="The identity provider changed the members of the SSO group {name}",
    )

    CONFLICT_LINK_APPROVED = _told("conflict.link_approved", EntityManagement.UPDATE, "Link approved")
    CONFLICT_MOVE_APPROVED = _told(
        "conflict.move_approved", EntityManagement.UPDATE, "Move to another identity provider approved"
    )
    CONFLICT_OWN_USERNAME_APPROVED = _told(
        "conflict.own_username_approved",
        EntityManagement.UPDATE,
        "A newcomer of the same username gets one of their own",
    )
    CONFLICT_DISMISSED = _told("conflict.dismissed", EntityManagement.UPDATE, "Conflict dismissed")

    IDENTITY_PROVIDER_CREATED = _told("identity_provider.created", EntityManagement.CREATE, "Identity provider added")
    IDENTITY_PROVIDER_DELETED = _told(
        "identity_provider.deleted",
        EntityManagement.DELETE,
        "Identity provider deleted",
        moved="The identity provider {name} was taken off the portal",
    )
    IDENTITY_PROVIDER_EDITED = _told("identity_provider.edited", EntityManagement.UPDATE, "Identity provider edited")
    IDENTITY_PROVIDER_HEARD_AGAIN = _told(
        "identity_provider.heard_again", EntityManagement.OTHER, "Identity provider heard again after a silence"
    )
    IDENTITY_PROVIDER_BRAKED = _told(
        "identity_provider.braked",
        EntityManagement.OTHER,
        "Identity provider braked: it would have taken access from too many people",
        severity=Severity.HIGH,
    )
    IDENTITY_PROVIDER_BRAKE_RELEASED = _told(
        "identity_provider.brake_released", EntityManagement.OTHER, "Brake of an identity provider released"
    )
    IDENTITY_PROVIDER_BRAKE_SET = _told(
        "identity_provider.brake_set", EntityManagement.UPDATE, "Brake of an identity provider set"
    )
    IDENTITY_PROVIDER_PAUSED = _told(
        "identity_provider.paused", EntityManagement.DISABLE, "Provisioning by an identity provider paused"
    )
    IDENTITY_PROVIDER_RESUMED = _told(
        "identity_provider.resumed", EntityManagement.ENABLE, "Provisioning by an identity provider resumed"
    )
    IDENTITY_PROVIDER_RUN_RESTORED = _told(
        "identity_provider.run_restored",
        EntityManagement.UPDATE,
        "What an identity provider changed was restored",
        moved="Restored after {name}",
        severity=Severity.MEDIUM,
    )
    IDENTITY_PROVIDER_SILENT = _told(
        "identity_provider.silent",
        EntityManagement.OTHER,
        "Identity provider fell silent",
        severity=Severity.MEDIUM,
    )
    IDENTITY_PROVIDER_WATCHED = _told(
        "identity_provider.watched", EntityManagement.UPDATE, "Requests of an identity provider watched"
    )

    IDENTITY_PROVIDER_TURNED_AWAY_DECIDED = _told(
        "identity_provider.turned_away_decided",
        EntityManagement.OTHER,
        "Decided what becomes of a change that was turned away",
    )

    SSO_CONNECTION_CREATED = _told("sso_connection.created", EntityManagement.CREATE, "SSO connection set up")
    SSO_CONNECTION_DELETED = _told("sso_connection.deleted", EntityManagement.DELETE, "SSO connection deleted")
    SSO_CONNECTION_DISABLED = _told("sso_connection.disabled", EntityManagement.DISABLE, "SSO connection switched off")
    SSO_CONNECTION_EDITED = _told("sso_connection.edited", EntityManagement.UPDATE, "SSO connection edited")
    SSO_CONNECTION_ENABLED = _told("sso_connection.enabled", EntityManagement.ENABLE, "SSO connection switched on")

    SCIM_TOKEN_CREATED = _told(
        "scim_token.created", EntityManagement.CREATE, "SCIM token created", severity=Severity.LOW
    )
    SCIM_TOKEN_EDITED = _told("scim_token.edited", EntityManagement.UPDATE, "SCIM token edited", severity=Severity.LOW)
    SCIM_TOKEN_ELSEWHERE = _told(
        "scim_token.elsewhere",
        Authentication.LOGON,
        "SCIM token presented from a network that it is not for",
        personal=Personal.ORIGIN,
        severity=Severity.MEDIUM,
        is_failure=True,
    )
    SCIM_TOKEN_REVOKED = _told("scim_token.revoked", EntityManagement.DELETE, "SCIM token revoked")
    SCIM_TOKEN_SLOWED = _told(
        "scim_token.slowed",
        Authentication.LOGON,
        "SCIM requests refused for their number",
        personal=Personal.ORIGIN,
        severity=Severity.MEDIUM,
        is_failure=True,
    )
    SCIM_TOKEN_UNKNOWN = _told(
        "scim_token.unknown",
        Authentication.LOGON,
        "Unknown SCIM token presented",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
    )

    SCIM_TRUST_ACCEPTED = _told(
        "scim_trust.accepted",
        Authentication.LOGON,
        "SCIM access token issued for an assertion",
        personal=Personal.ORIGIN,
    )
    SCIM_TRUST_CREATED = _told(
        "scim_trust.created", EntityManagement.CREATE, "SCIM trust created", severity=Severity.LOW
    )
    SCIM_TRUST_DELETED = _told("scim_trust.deleted", EntityManagement.DELETE, "SCIM trust deleted")
    SCIM_TRUST_EDITED = _told("scim_trust.edited", EntityManagement.UPDATE, "SCIM trust edited", severity=Severity.LOW)
    SCIM_TRUST_REFUSED = _told(
        "scim_trust.refused",
        Authentication.LOGON,
        "Assertion for a SCIM access token refused",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
    )

    API_TOKEN_CREATED = _told(
        "api_token.created", EntityManagement.CREATE, "Created an API token", severity=Severity.LOW
    )
    API_TOKEN_REVOKED = _told("api_token.revoked", EntityManagement.DELETE, "API token revoked")
    API_TOKEN_UNKNOWN = _told(
        "api_token.unknown",
        Authentication.LOGON,
        "Unknown API token presented",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
    )

    ASSET_CREATED = _told(
        "asset.created", EntityManagement.CREATE, "Asset added", to_person="Became the owner of a new asset"
    )
    ASSET_OWNER_ADDED = _told(
        "asset.owner_added", EntityManagement.UPDATE, "Asset owner added", to_person="Became an owner of an asset"
    )
    ASSET_OWNER_REMOVED = _told(
        "asset.owner_removed",
        EntityManagement.UPDATE,
        "Asset owner removed",
        to_person="No longer an owner of an asset",
    )
    ASSET_HANDED_OVER = _told(
        "asset.handed_over", EntityManagement.UPDATE, "Asset handed over", to_person="Took over an asset"
    )
    ASSET_EDITED = _told("asset.edited", EntityManagement.UPDATE, "Asset edited")
    ASSET_DELETED = _told("asset.deleted", EntityManagement.DELETE, "Asset deleted")

    ACCESS_MODE_SET = _told(
        "access.mode_set", EntityManagement.UPDATE, "Access settings changed", severity=Severity.MEDIUM
    )
    ACCESS_REFUSED = _told(
        "access.refused",
        EntityManagement.OTHER,
        "Refused a page or a resource",
        personal=Personal.ORIGIN,
        severity=Severity.LOW,
        is_failure=True,
    )
    ACCESS_IDP_FOLLOWED = _told(
        "access.idp_followed",
        EntityManagement.UPDATE,
        "Status and memberships set to what the identity provider says",
        moved="SCIM was switched on, and the portal followed the identity provider",
    )
    ACCESS_RECONCILED = _told(
        "access.reconciled",
        EntityManagement.UPDATE,
        "Reconciled: status and memberships set to what the identity provider says",
        to_person="Reconciled with the identity provider",
        moved="Reconciled with the identity provider",
    )

    RECORDS_BULK_RUNS_PRUNED = _told("records.bulk_runs_pruned", EntityManagement.UPDATE, "Old bulk actions deleted")
    RECORDS_LOG_PRUNED = _told(
        "records.log_pruned", EntityManagement.UPDATE, "Old rows of the provisioning log deleted"
    )
    RECORDS_REQUESTS_ERASED = _told(
        "records.requests_erased", EntityManagement.UPDATE, "Old requests in the provisioning log erased"
    )
    RECORDS_RETENTION_CHOSEN = _told(
        "records.retention_chosen",
        EntityManagement.UPDATE,
        "How long records are kept was changed",
        severity=Severity.MEDIUM,
    )
    RECORDS_RESEALED = _told(
        "records.resealed", EntityManagement.UPDATE, "Secrets sealed anew after a change of the key"
    )
    RECORDS_PERSONAL_VALUES_ERASED = _told(
        "records.personal_values_erased", EntityManagement.UPDATE, "Old personal values of the audit log erased"
    )

    SCHEDULED_JOB_RUN_ASKED = _told("scheduled_job.run_asked", EntityManagement.OTHER, "Scheduled job asked to run now")

    ALARM_RAISED = _told("alarm.raised", EntityManagement.OTHER, "Alarm raised", severity=Severity.MEDIUM)
    ALARM_RESOLVED = _told("alarm.resolved", EntityManagement.OTHER, "Alarm resolved")
    NOTIFICATION_RULE_CREATED = _told("notification_rule.created", EntityManagement.CREATE, "Notification rule added")
    NOTIFICATION_RULE_EDITED = _told("notification_rule.edited", EntityManagement.UPDATE, "Notification rule edited")
    NOTIFICATION_RULE_DELETED = _told("notification_rule.deleted", EntityManagement.DELETE, "Notification rule deleted")
    NOTIFICATION_RULE_TESTED = _told("notification_rule.tested", EntityManagement.OTHER, "Notification rule tested")

    WEBHOOK_CREATED = _told(
        "webhook.created", EntityManagement.CREATE, "Webhook set up: events leave the portal", severity=Severity.MEDIUM
    )
    WEBHOOK_EDITED = _told("webhook.edited", EntityManagement.UPDATE, "Webhook edited", severity=Severity.LOW)
    WEBHOOK_ENABLED = _told("webhook.enabled", EntityManagement.ENABLE, "Webhook switched on")
    WEBHOOK_DISABLED = _told(
        "webhook.disabled", EntityManagement.DISABLE, "Webhook switched off", severity=Severity.LOW
    )
    WEBHOOK_SECRET_ROTATED = _told(
        "webhook.secret_rotated", EntityManagement.UPDATE, "Secret of a webhook exchanged", severity=Severity.LOW
    )
    WEBHOOK_TESTED = _told("webhook.tested", EntityManagement.OTHER, "Webhook tested")
    WEBHOOK_REDELIVERED = _told("webhook.redelivered", EntityManagement.OTHER, "Delivery of a webhook asked for again")
    WEBHOOK_DELETED = _told("webhook.deleted", EntityManagement.DELETE, "Webhook deleted")


MANY_ADDRESSES = table("counted", {"many_addresses": "many more addresses"})["many_addresses"]
"""Where it came from, of an event that counts what was too much to tell apart."""

SIGN_INS = tuple(event for event in Event if event.told.is_sign_in)


def words_of(name: str) -> str:
    """An event in words, also one from another version."""
    event = Event.known(name)
    return event.told.words if event else name.replace(".", ": ").replace("_", " ").capitalize()


def words_to_person(name: str) -> str:
    """The same in the trail of the user it is about."""
    event = Event.known(name)
    return event.told.to_person if event else words_of(name)


def why_moved(name: str) -> str:
    """The words for one of the many users moved between groups; empty for an event that moves none."""
    event = Event.known(name)
    return event.told.moved if event else ""
