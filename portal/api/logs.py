"""The two logs: what identity providers sent and the outcome, and every change with its actor."""

from __future__ import annotations

from typing import Any

from django.core.validators import validate_ipv46_address
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.core.origins import network_of
from identity.db import replica
from identity.models import AuditEvent, AuditOrigin, IdentityProvider, ProvisioningLog
from identity.models.trail import ProvisioningLogQuerySet
from identity.queries.event_stream import Horizon
from identity.queries.sent_requests import sent_with
from portal.api.fields import ProviderRef, UserRef
from portal.api.filters import Key
from portal.api.operations import operation
from portal.api.views import Resources

PATIENCE_SECONDS = 0.5  # to wait for current writers; slower ones appear in the next response
ACTOR_KINDS = ("user", "operator", "scim_token", "sso_sign_in", "schedule", "visitor")


class RecordFilter(filters.FilterSet):
    """From and until a point in time, which is converted to a row id first."""

    since = filters.IsoDateTimeFilter(method="from_then", label="At or after this time.")
    before = filters.IsoDateTimeFilter(method="until_then", label="Before this time.")

    def from_then(self, rows: Any, name: str, moment: Any) -> QuerySet[Any]:
        return rows.since(moment)  # type: ignore[no-any-return]

    def until_then(self, rows: Any, name: str, moment: Any) -> QuerySet[Any]:
        return rows.before(moment)  # type: ignore[no-any-return]


class ProvisioningLogEntryAnswer(serializers.ModelSerializer):
    """A SCIM write or refusal. `what` and `params` are data, `summary` is the same in words.

    `what` is empty in rows of earlier versions that only have words.
    """

    identity_provider = ProviderRef(read_only=True, allow_null=True)
    user = UserRef(read_only=True, allow_null=True)
    params = serializers.DictField(
        source="shown_params",
        read_only=True,
        help_text="Of a refusal: `sentence` in words; `said` is its code and parameters, if the portal's own.",
    )
    details = serializers.DictField(source="shown_details", read_only=True)

    class Meta:
        model = ProvisioningLog
        fields: tuple[str, ...] = (
            "id",
            "at",
            "identity_provider",
            "token_label",
            "request_id",
            "address",
            "method",
            "resource_type",
            "resource_id",
            "user",
            "outcome",
            "status",
            "code",
            "what",
            "params",
            "summary",
            "details",
            "duration_ms",
        )


class SentAnswer(serializers.Serializer):
    """What the identity provider sent, without passwords and values of attributes that the portal doesn't know."""

    path = serializers.CharField(source="asked.path", help_text="Below the SCIM base URL.")
    attributes = serializers.ListField(child=serializers.CharField(), help_text="What it names.")
    body = serializers.JSONField(source="asked.body", allow_null=True, help_text="Null: none, or it can't be read.")
    if_match = serializers.CharField(source="asked.if_match")
    size = serializers.IntegerField(source="asked.size", help_text="Of the body as it came, in bytes.")
    cut = serializers.BooleanField(source="asked.cut", help_text="Whether not all of it is kept.")
    is_whole = serializers.BooleanField(help_text="Whether sending it again asks for the same.")
    curl = serializers.CharField(help_text="As a command, in which TOKEN stands for a token.")


class ProvisioningLogEntryWithRequest(ProvisioningLogEntryAnswer):
    """A SCIM write or refusal, with what was sent for as long as that is kept."""

    request = serializers.SerializerMethodField()

    class Meta(ProvisioningLogEntryAnswer.Meta):
        fields: tuple[str, ...] = (*ProvisioningLogEntryAnswer.Meta.fields, "request")

    @extend_schema_field(SentAnswer(allow_null=True))
    def get_request(self, entry: ProvisioningLog) -> dict[str, Any] | None:
        sent = sent_with(entry)
        return dict(SentAnswer(sent).data) if sent else None


class LogFilter(RecordFilter):
    identity_provider = filters.ModelChoiceFilter(queryset=IdentityProvider.objects.all())
    outcome = filters.ChoiceFilter(choices=ProvisioningLog.Outcome.choices)
    subject = filters.CharFilter(method="about", label="The userName or displayName begins with this.")

    def about(self, rows: ProvisioningLogQuerySet, name: str, text: str) -> ProvisioningLogQuerySet:
        return rows.about(sought(text))


class ProvisioningLogEntries(Resources):
    """The provisioning log, newest first."""

    tag = "Logs"
    seen_by = Action.VIEW_LOGS
    area = replica.LOGS
    queryset = ProvisioningLog.objects.select_related("identity_provider", "user").defer("asked")
    serializer_class = ProvisioningLogEntryWithRequest
    list_serializer_class = ProvisioningLogEntryAnswer
    filterset_class = LogFilter
    default_ordering = "-id"

    @operation("list_provisioning_log", answer=ProvisioningLogEntryAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List what identity providers sent, and the outcome."""
        return self.page()

    @operation("get_provisioning_log_entry", answer=ProvisioningLogEntryWithRequest)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show one entry, with what was sent."""
        return self.answer(self.get_object())


class OriginAnswer(serializers.ModelSerializer):
    """Where an event came from. A repeating event is stored once per ten minutes; `times` counts its occurrences."""

    class Meta:
        model = AuditOrigin
        fields = ("address", "browser", "times", "last_at")


class AuditEventAnswer(serializers.ModelSerializer):
    """A change. Columns are plain ids: the objects they name may be gone.

    `personal` holds names, usernames and emails, and is empty once the user is permanently deleted. So is `origin`,
    which sign-ins and refused attempts have.
    """

    details = serializers.DictField(source="shown_details", read_only=True)
    personal = serializers.SerializerMethodField()
    origin = OriginAnswer(source="known_origin", read_only=True, allow_null=True)

    class Meta:
        model = AuditEvent
        fields = (
            "id",
            "at",
            "action",
            "actor_kind",
            "actor_id",
            "actor_label",
            "request_id",
            "identity_provider_id",
            "user_id",
            "group_id",
            "sso_group_id",
            "details",
            "personal",
            "origin",
        )

    @extend_schema_field(serializers.DictField())
    def get_personal(self, event: AuditEvent) -> dict[str, Any]:
        personal = getattr(event, "personal_data", None)
        return personal.values if personal else {}


class EventFilter(RecordFilter):
    after = Key(
        "Later than the event of this id. Read by ordering=id and the last id that you have, none is ever missing: an "
        "event shows once no earlier one can come any more.",
        method="beyond",
        least=0,
    )
    action = filters.CharFilter(label="Exactly this action, for example user.disabled.")
    actor_kind = filters.ChoiceFilter(choices=[(kind, kind) for kind in ACTOR_KINDS])
    actor = Key("What this user did.", method="by")
    user_id = Key("What was done to this user.")
    group_id = Key("What was done to this group.")
    identity_provider_id = Key("What this identity provider did, or was done to it.")
    address = filters.CharFilter(
        method="from_there",
        label="What came from this address; of IPv6, from its /64.",
        validators=[validate_ipv46_address],
    )

    def beyond(self, rows: QuerySet[AuditEvent], name: str, pk: int) -> QuerySet[AuditEvent]:
        replica.stay_on_primary()  # whose writers decide what can still come
        return rows.filter(pk__gt=pk, pk__lte=Horizon(pk).settle(PATIENCE_SECONDS))

    def from_there(self, rows: QuerySet[AuditEvent], name: str, address: str) -> QuerySet[AuditEvent]:
        return rows.filter(origin__network=network_of(address.strip()))

    def by(self, rows: QuerySet[AuditEvent], name: str, pk: int) -> QuerySet[AuditEvent]:
        return rows.filter(actor_kind="user", actor_id=pk)


class AuditEvents(Resources):
    """The audit log, append-only, newest first."""

    tag = "Logs"
    seen_by = Action.VIEW_LOGS
    area = replica.LOGS
    queryset = AuditEvent.objects.select_related("personal_data", "origin")
    serializer_class = AuditEventAnswer
    filterset_class = EventFilter
    never_in_files = frozenset({"personal"})
    default_ordering = "-id"

    @operation("list_audit_log", answer=AuditEventAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List changes and who made them."""
        return self.page()

    @operation("get_audit_event", answer=AuditEventAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show one change."""
        return self.answer(self.get_object())
