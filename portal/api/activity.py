"""Identity providers' behaviour, mapping completeness, and what needs an administrator's attention."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.functional import cached_property
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import AccessSettings, Group, GroupMapping, IdentityProvider
from identity.queries import rhythm
from identity.queries.attention import COUNTED_TO, what_waits
from identity.queries.completeness import MOST_COUNTED_IN_A_LIST, MOST_IN_A_LIST, completeness_in_list, with_sizes
from identity.queries.headcount import count_people, days_until
from identity.queries.received import heard_from
from identity.services import provider_contacts
from portal.api.fields import GroupRef, ProviderRef, Said, SSOGroupRef
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Resources, Singleton


class ActivityAnswer(serializers.Serializer):
    """How an identity provider behaves, measured by its own rhythm."""

    last_request_at = serializers.DateTimeField(source="last_heard", allow_null=True, help_text="Null: never.")
    is_silent = serializers.BooleanField(
        help_text="Whether it used to call and has stopped. None is while SCIM is off."
    )
    silent_after = serializers.IntegerField(help_text="After how many seconds without a request it is.")
    usual_pause = serializers.CharField(help_text="What is usual for it, in words.")
    judged = serializers.IntegerField(source="provider.judged", help_text=f"Its last changes, up to {rhythm.JUDGED}.")
    refused = serializers.IntegerField(source="provider.refused", help_text="How many of these were refused.")


class ProviderActivity(Singleton):
    """When an identity provider last called, and whether it fell silent."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()

    @operation("get_identity_provider_activity", answer=ActivityAnswer)
    def retrieve(self, request: Request, provider_id: int) -> Response:
        """Show when an identity provider last called, whether it fell silent, and how much of it is refused."""
        provider = row_of(IdentityProvider, provider_id)
        itself = IdentityProvider.objects.filter(pk=provider.pk)
        (activity,) = rhythm.activities(itself, scim_enabled=self.mode.scim_enabled)
        return self.show(dict(ActivityAnswer(activity).data))


# --- its requests, live ---


class ReceivedAnswer(serializers.Serializer):
    """A request as received. Requests with an unknown token are included: it may have been pasted wrongly."""

    id = serializers.IntegerField(source="request.pk")
    at = serializers.DateTimeField(source="request.at")
    method = serializers.CharField(source="request.method")
    path = serializers.CharField(source="request.path")
    status = serializers.IntegerField(source="request.status")
    token_label = serializers.CharField(source="request.token_label")
    address = serializers.CharField(source="request.address")
    is_good = serializers.BooleanField(help_text="Whether it was answered as it should be.")
    words = serializers.CharField(help_text="What was done at the identity provider.")


class ReceivedRequestsAnswer(serializers.Serializer):
    """The newest requests, while the provider is watched."""

    watched_until = serializers.DateTimeField(allow_null=True)
    results = ReceivedAnswer(many=True)


class ReceivedRequests(Singleton):
    """An identity provider's requests, including reads, while it is set up."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()

    @operation("list_received_requests", answer=ReceivedRequestsAnswer)
    def retrieve(self, request: Request, provider_id: int) -> Response:
        """List the newest requests of a watched identity provider."""
        return self.show(self._received(row_of(IdentityProvider, provider_id)))

    @operation("watch_identity_provider", answer=ReceivedRequestsAnswer)
    def create(self, request: Request, provider_id: int) -> Response:
        """Watch an identity provider's requests, including reads, for the next half hour."""
        provider = row_of(IdentityProvider, provider_id)
        return Response(self._received(provider_contacts.watch(provider, actor=self.actor)))

    def _received(self, provider: IdentityProvider) -> dict[str, Any]:
        shown = {"watched_until": provider.watched_until, "results": heard_from(provider)}
        return dict(ReceivedRequestsAnswer(shown).data)


# --- completeness ---


class CompletenessAnswer(serializers.Serializer):
    """How much of a mapping has arrived. Null: not counted, since there are very many."""

    mapping = serializers.IntegerField(source="mapping.pk")
    sso_group = SSOGroupRef(source="mapping.sso_group")
    group = GroupRef(source="mapping.group")
    pushed = serializers.IntegerField(allow_null=True, help_text="Members that the identity provider pushed.")
    applied = serializers.IntegerField(allow_null=True, help_text="Those of them in the portal group.")
    disabled = serializers.IntegerField(allow_null=True, help_text="Those of them who are disabled.")
    leaving = serializers.IntegerField(
        allow_null=True, help_text="Who would leave the portal group if the provider deleted the SSO group."
    )
    is_complete = serializers.BooleanField()


class CompletenessFilter(filters.FilterSet):
    group = filters.ModelChoiceFilter(queryset=Group.objects.all())


class ProviderCompleteness(Resources):
    """How much of what an identity provider pushes has arrived in the groups that it feeds."""

    tag = "Identity providers"
    seen_by = Action.VIEW_GROUPS
    queryset = GroupMapping.objects.select_related("sso_group__identity_provider", "group")
    serializer_class = CompletenessAnswer
    filterset_class = CompletenessFilter
    orderings: ClassVar[dict[str, str]] = {"id": "pk"}

    @cached_property
    def provider(self) -> IdentityProvider:
        return row_of(IdentityProvider, self.kwargs["provider_id"])

    def get_queryset(self) -> QuerySet[GroupMapping]:
        rows = super().get_queryset().filter(sso_group__identity_provider=self.provider)
        return with_sizes(rows, most=MOST_IN_A_LIST)

    def prepared(self, rows: list[Any]) -> list[Any]:
        return completeness_in_list(rows, most=MOST_COUNTED_IN_A_LIST)

    @operation("list_completeness", answer=CompletenessAnswer, is_list=True)
    def list(self, request: Request, provider_id: int) -> HttpResponseBase:
        """List how much of each mapping of an identity provider has arrived."""
        return self.page()


# --- what needs attention ---


class MatterAnswer(serializers.Serializer):
    """Something that needs an administrator's attention."""

    code = serializers.CharField(help_text="Stable, for machines.")
    number = serializers.IntegerField(help_text=f"How much of it, counted up to {COUNTED_TO:,}: one more means more.")
    sentence = serializers.CharField()
    meaning = serializers.CharField()
    urgent = serializers.BooleanField()
    identity_provider = ProviderRef(source="provider", allow_null=True, help_text="Where it is about one.")


class MattersAnswer(serializers.Serializer):
    results = MatterAnswer(many=True)


class Attention(Singleton):
    """What needs an administrator's attention, most urgent first."""

    tag = "Overview"
    seen_by = Action.VIEW_DIRECTORY
    queryset = AccessSettings.objects.all()

    @operation("get_attention", answer=MattersAnswer)
    def retrieve(self, request: Request) -> Response:
        """List what needs an administrator's attention, most urgent first."""
        return self.show(dict(MattersAnswer({"results": what_waits()}).data))


class HeadcountAnswer(serializers.Serializer):
    """The number of users of each status."""

    day = serializers.DateField()
    enabled = serializers.IntegerField()
    disabled = serializers.IntegerField()
    invited = serializers.IntegerField()


class HeadcountsAnswer(serializers.Serializer):
    """The users by status, now and at the start of each day."""

    now = HeadcountAnswer(help_text="In a very large directory as they were on that day.")
    is_capped = serializers.BooleanField(help_text="Whether there are more than the numbers say.")
    days = HeadcountAnswer(many=True)


class SpanSaid(Said):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)


class Headcounts(Singleton):
    """The users by status over time."""

    tag = "Overview"
    seen_by = Action.VIEW_DIRECTORY
    queryset = AccessSettings.objects.all()

    @operation("get_headcounts", query=SpanSaid, answer=HeadcountsAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show how many users of each status there are now, and were on each of the last days."""
        now = count_people()
        shown = {
            "now": {"day": now.day or timezone.now().date(), **now.numbers},
            "is_capped": now.is_capped,
            "days": [{"day": one.day, **one.numbers} for one in days_until(now.numbers, self.asked["days"])],
        }
        return self.show(dict(HeadcountsAnswer(shown).data))
