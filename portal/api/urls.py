"""The URLs under /api/v1/."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from portal.api.activity import Attention, Headcounts, ProviderActivity, ProviderCompleteness, ReceivedRequests
from portal.api.alarms import Alarms, NotificationRules, OwnOptOuts
from portal.api.api_tokens import APITokens
from portal.api.assets import Assets
from portal.api.brakes import ProviderBrake
from portal.api.bulk_runs import BulkRows, BulkRuns
from portal.api.conflicts import Conflicts
from portal.api.events import Events
from portal.api.groups import Groups
from portal.api.identity_providers import Providers, SCIMTokens
from portal.api.idp_side import SSOGroups, SSOMembers, SSOUsers
from portal.api.invitations import Invitations
from portal.api.logs import AuditEvents, ProvisioningLogEntries
from portal.api.mappings import LeavingUsers, Mappings, PreviewedUsers
from portal.api.me import Me
from portal.api.members import Members
from portal.api.mismatches import MismatchReport
from portal.api.modes import Access
from portal.api.openapi_pages import documentation, schema
from portal.api.policy import Policy
from portal.api.problems import no_such_address
from portal.api.reconciling import Reconciliation
from portal.api.runs import ProviderRun, ProviderRuns, RunRestoring
from portal.api.scheduled_jobs import Retention, ScheduledJobs, ScheduledRuns
from portal.api.scim_trusts import SCIMTrusts
from portal.api.second_step import OwnSecondStep
from portal.api.sessions import OwnSessions, UserSessions
from portal.api.sso_connections import Connections
from portal.api.support import Deletions, DisabledUsers, Transferees
from portal.api.tryout import SelfTests, Trials
from portal.api.turned_away import AllTurnedAway, TurnedAways
from portal.api.unknown_attributes import UnknownAttributes
from portal.api.users import Users
from portal.api.webhooks import WebhookDeliveries, Webhooks
from portal.api.what_if import Affected, DifferingGroups, WhatIf
from portal.api.why import Moves, UserDifferences, UserTrail

RESOURCES = {
    "alarms": Alarms,
    "notification-rules": NotificationRules,
    "api-tokens": APITokens,
    "assets": Assets,
    "audit-log": AuditEvents,
    "audit-log/<int:event_id>/moves": Moves,
    "bulk-runs": BulkRuns,
    "bulk-runs/<int:run_id>/rows": BulkRows,
    "conflicts": Conflicts,
    "groups": Groups,
    "groups/<int:group_id>/members": Members,
    "identity-providers": Providers,
    "identity-providers/<int:provider_id>/completeness": ProviderCompleteness,
    "identity-providers/<int:provider_id>/unknown-attributes": UnknownAttributes,
    "invitations": Invitations,
    "mappings": Mappings,
    "provisioning-log": ProvisioningLogEntries,
    "scheduled-jobs": ScheduledJobs,
    "scheduled-jobs/<int:job_id>/runs": ScheduledRuns,
    "scim-tokens": SCIMTokens,
    "scim-trusts": SCIMTrusts,
    "sso-connections": Connections,
    "sso-groups": SSOGroups,
    "sso-groups/<int:sso_group_id>/members": SSOMembers,
    "sso-users": SSOUsers,
    "support/deletions": Deletions,
    "support/disabled-users": DisabledUsers,
    "support/transferees": Transferees,
    "turned-away": TurnedAways,
    "users": Users,
    "webhook-deliveries": WebhookDeliveries,
    "webhooks": Webhooks,
}

router = SimpleRouter(use_regex_path=False)
for address, resource in RESOURCES.items():
    router.register(address, resource, f"api-{resource.__name__}")

urlpatterns = [
    path("schema/", schema, name="api_schema"),
    path("docs/", documentation, name="api_docs"),
    path("access-settings/", Access.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True)),
    path("access-settings/what-if/", WhatIf.as_view({"get": "retrieve"}, detail=False)),
    path("access-settings/what-if/groups/", DifferingGroups.as_view({"get": "retrieve"}, detail=False)),
    path("access-settings/what-if/users/", Affected.as_view({"get": "list"}, detail=False)),
    path("attention/", Attention.as_view({"get": "retrieve"}, detail=False)),
    path("events/", Events.as_view({"get": "retrieve"}, detail=False)),
    path("reconciliation/", Reconciliation.as_view({"get": "retrieve", "post": "create"}, detail=False)),
    path("retention/", Retention.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True)),
    path("headcounts/", Headcounts.as_view({"get": "retrieve"}, detail=False)),
    path(
        "identity-providers/<int:provider_id>/activity/",
        ProviderActivity.as_view({"get": "retrieve"}, detail=False),
    ),
    path(
        "identity-providers/<int:provider_id>/requests/",
        ReceivedRequests.as_view({"get": "retrieve", "post": "create"}, detail=False),
    ),
    path(
        "identity-providers/<int:provider_id>/brake/",
        ProviderBrake.as_view({"get": "retrieve", "patch": "partial_update"}, detail=False),
    ),
    path(
        "identity-providers/<int:provider_id>/brake/release/", ProviderBrake.as_view({"post": "create"}, detail=False)
    ),
    path(
        "identity-providers/<int:provider_id>/turned-away/decide/",
        AllTurnedAway.as_view({"post": "create"}, detail=False),
    ),
    path("identity-providers/<int:provider_id>/runs/", ProviderRuns.as_view({"get": "retrieve"}, detail=False)),
    path(
        "identity-providers/<int:provider_id>/runs/<int:run_id>/",
        ProviderRun.as_view({"get": "retrieve"}, detail=True),
    ),
    path(
        "identity-providers/<int:provider_id>/runs/<int:run_id>/restore/",
        RunRestoring.as_view({"get": "retrieve", "post": "create"}, detail=False),
    ),
    path(
        "identity-providers/<int:provider_id>/self-test/",
        SelfTests.as_view({"post": "create"}, detail=False),
    ),
    path(
        "identity-providers/<int:provider_id>/try-request/",
        Trials.as_view({"post": "create"}, detail=False),
    ),
    path("mappings/preview/users/", PreviewedUsers.as_view({"get": "list"}, detail=False)),
    path("mappings/<int:mapping_id>/preview-removal/users/", LeavingUsers.as_view({"get": "list"}, detail=False)),
    path("me/", Me.as_view({"get": "retrieve"}, detail=True)),
    path("me/notifications/", OwnOptOuts.as_view({"get": "retrieve", "put": "update"}, detail=True)),
    path("me/second-step/", OwnSecondStep.as_view({"delete": "destroy"}, detail=False)),
    path("me/sessions/", OwnSessions.as_view({"get": "retrieve"}, detail=False)),
    path("me/sessions/<int:pk>/", OwnSessions.as_view({"delete": "destroy"}, detail=False)),
    path("me/sessions/end-others/", OwnSessions.as_view({"post": "create"}, detail=False)),
    path("mismatch-report/", MismatchReport.as_view({"post": "create"}, detail=False)),
    path("policy/", Policy.as_view({"get": "retrieve"}, detail=True)),
    path("users/<int:user_id>/differences/", UserDifferences.as_view({"get": "retrieve"}, detail=False)),
    path("users/<int:user_id>/sessions/", UserSessions.as_view({"get": "retrieve"}, detail=False)),
    path("users/<int:user_id>/sessions/<int:pk>/", UserSessions.as_view({"delete": "destroy"}, detail=False)),
    path("users/<int:user_id>/trail/", UserTrail.as_view({"get": "retrieve"}, detail=False)),
    *router.urls,
    re_path(r"^[\s\S]*", no_such_address),
]
