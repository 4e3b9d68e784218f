"""The stored data: the IdP's side, the portal's side and the bridge between them (docs/design/rules.md)."""

from identity.models.access import AccessSettings
from identity.models.alarms import Alarm, AlarmNotice, EventReader, NotificationOptOut, NotificationRule
from identity.models.api_tokens import APIToken, Scope
from identity.models.assets import Asset, AssetOwner
from identity.models.brakes import Brake, RecentLoss
from identity.models.bulk_runs import BulkRow, BulkRun
from identity.models.conflicts import Conflict
from identity.models.groups import Group, Membership
from identity.models.headcounts import Headcount
from identity.models.idempotency import IdempotentRequest
from identity.models.identity_providers import IdentityProvider, SCIMToken
from identity.models.invitations import Invitation
from identity.models.mappings import GroupMapping
from identity.models.provider_contacts import (
    ProviderContact,
    ProviderSilence,
    ReceivedRequest,
    Rhythm,
    UnknownAttribute,
)
from identity.models.retention import RetentionPeriod
from identity.models.scheduled_jobs import ScheduledJob, ScheduledRun
from identity.models.scim_trusts import SCIMTrust, SpentAssertion
from identity.models.second_factors import Passkey, RecoveryCode, SecondFactor
from identity.models.sso import (
    RetiredResource,
    SSOGroup,
    SSOIdentity,
    SSOMembership,
    SSOUser,
    SSOUserValue,
)
from identity.models.sso_connections import SSOConnection
from identity.models.trail import (
    AuditEvent,
    AuditOrigin,
    AuditPersonalData,
    DeletionRecord,
    MembershipChange,
    ProvisioningLog,
    SealedKeys,
)
from identity.models.turned_away import TurnedAway, TurnedAwayMember
from identity.models.users import Role, Status, User
from identity.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "APIToken",
    "AccessSettings",
    "Alarm",
    "AlarmNotice",
    "Asset",
    "AssetOwner",
    "AuditEvent",
    "AuditOrigin",
    "AuditPersonalData",
    "Brake",
    "BulkRow",
    "BulkRun",
    "Conflict",
    "DeletionRecord",
    "EventReader",
    "Group",
    "GroupMapping",
    "Headcount",
    "IdempotentRequest",
    "IdentityProvider",
    "Invitation",
    "Membership",
    "MembershipChange",
    "NotificationOptOut",
    "NotificationRule",
    "Passkey",
    "ProviderContact",
    "ProviderSilence",
    "ProvisioningLog",
    "ReceivedRequest",
    "RecentLoss",
    "RecoveryCode",
    "RetentionPeriod",
    "RetiredResource",
    "Rhythm",
    "Role",
    "SCIMToken",
    "SCIMTrust",
    "SSOConnection",
    "SSOGroup",
    "SSOIdentity",
    "SSOMembership",
    "SSOUser",
    "SSOUserValue",
    "ScheduledJob",
    "ScheduledRun",
    "Scope",
    "SealedKeys",
    "SecondFactor",
    "SpentAssertion",
    "Status",
    "TurnedAway",
    "TurnedAwayMember",
    "UnknownAttribute",
    "User",
    "Webhook",
    "WebhookDelivery",
]
