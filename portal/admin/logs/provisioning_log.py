"""The provisioning log: what identity providers sent, in words, and the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from identity.core.actors import SignIn
from identity.core.decisions import Action
from identity.core.keys import sought
from identity.log_words import left_out_in_words
from identity.models import ProvisioningLog, User
from identity.models.trail import ProvisioningLogQuerySet
from identity.queries.moves import moved_by
from identity.queries.sent_requests import sent_with
from identity.services.retention import period_of
from portal.admin.frame.deciding import decide
from portal.admin.frame.parts import badge
from portal.admin.logs.pages import (
    FromFilter,
    IdentityProviderFilter,
    LoggedPersonFilter,
    RecordAdmin,
    SinceFilter,
    UntilFilter,
    shown_value,
)
from portal.tryout.trials import METHODS

Outcome = ProvisioningLog.Outcome

OUTCOME_COLOURS = {
    Outcome.APPLIED: "green",
    Outcome.PARTLY: "amber",
    Outcome.UNCHANGED: "",
    Outcome.REFUSED: "red",
}


class SubjectFilter(LoggedPersonFilter):
    """Requests about one person, including those refused before there was an account."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[ProvisioningLog]) -> QuerySet[ProvisioningLog]:
        if not self.key:
            return queryset
        return queryset.filter(Q(user=self.person_id() or 0) | Q(subject_key=self.key))


@admin.register(ProvisioningLog)
class ProvisioningLogAdmin(RecordAdmin):
    """One row for each SCIM write or refusal."""

    retention = "provisioning_log"
    list_display = ("shown_at", "outcome_badge", "shown_summary", "identity_provider", "answer", "took")
    list_display_links = ("shown_at", "shown_summary")
    list_filter: ClassVar = (
        SinceFilter,
        FromFilter,
        UntilFilter,
        ("outcome", ChoicesDropdownFilter),
        IdentityProviderFilter,
        SubjectFilter,
    )
    list_select_related = ("identity_provider",)
    search_fields = ("subject_key",)
    search_help_text = "Username or SSO group begins with …"
    change_list_template = "admin/identity/provisioninglog/list.html"
    detail_template = "admin/identity/provisioninglog/detail.html"
    export_columns = {
        "at": "Time (UTC)",
        "identity_provider": "Identity provider",
        "token": "Token",
        "address": "From",
        "request_id": "Request",
        "method": "Method",
        "resource_type": "Resource",
        "resource_id": "Resource id",
        "outcome": "Outcome",
        "status": "Status",
        "code": "Code",
        "summary": "What happened",
        "duration_ms": "Duration (ms)",
        "details": "Details",
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProvisioningLog]:
        """What was sent is read for one row only."""
        return super().get_queryset(request).defer("asked")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[ProvisioningLogQuerySet, bool]:
        key = sought(search_term)
        return (queryset.about(key) if key else queryset), False

    @display(description="Outcome")
    def outcome_badge(self, entry: ProvisioningLog) -> str:
        return outcome_badge(entry)

    @display(description="What was sent")
    def shown_summary(self, entry: ProvisioningLog) -> str:
        return entry.summary

    @display(description="Answer")
    def answer(self, entry: ProvisioningLog) -> object:
        if not entry.code:
            return entry.status
        return format_html('{} <span class="gh-subtle gh-small gh-nowrap">{}</span>', entry.status, entry.code)

    @display(description="Duration")
    def took(self, entry: ProvisioningLog) -> str:
        return f"{entry.duration_ms} ms"

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        event_id = obj.details.get("event")
        moved = moved_by(event_id)
        shown_apart = {"ignored", "conflict", "external_id_of"} | ({"event", "left"} if moved else set())
        details = {name: value for name, value in obj.shown_details.items() if name not in shown_apart}
        return {
            "moved": moved,
            "run_url": _run_url(obj),
            "moved_url": reverse("admin:identity_auditevent_moved", args=(event_id,)) if moved else "",
            "outcome": outcome_badge(obj),
            "sent": sent_with(obj),
            "try_url": _try_url(request, obj),
            "keeps_requests": obj.identity_provider is not None and obj.identity_provider.keeps_requests,
            "request_days": period_of("requests").days,
            "sharing": User.objects.filter(pk__in=others) if (others := obj.details.get("external_id_of")) else [],
            "ignored": obj.details.get("ignored", {}),
            "details": [(name.replace("_", " ").capitalize(), _shown(name, value)) for name, value in details.items()],
            "title": f"Request of {obj.at:%-d %B %Y, %H:%M:%S} UTC",
        }

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        for entry in batch:
            yield (
                entry.at,
                entry.identity_provider,
                entry.token_label,
                entry.address,
                entry.request_id,
                entry.method,
                entry.resource_type,
                entry.resource_id,
                entry.get_outcome_display(),
                entry.status,
                entry.code,
                entry.summary,
                entry.duration_ms,
                entry.shown_details,
            )


def _run_url(entry: ProvisioningLog) -> str:
    """Its run, if an identity provider sent it by SCIM."""
    if entry.identity_provider is None or entry.method == SignIn.method:
        return ""
    return f"{reverse('admin:identity_identityprovider_run', args=(entry.identity_provider_id,))}?run={entry.pk}"


def _try_url(request: HttpRequest, entry: ProvisioningLog) -> str:
    """Where the request can be sent again and rolled back; empty for who may not, or if it can't be sent."""
    provider = entry.identity_provider
    if provider is None or entry.method not in METHODS:
        return ""
    if not decide(request, Action.CHANGE_TRUST, identity_provider=provider):
        return ""
    return f"{reverse('admin:identity_identityprovider_try', args=(provider.pk,))}?entry={entry.pk}"


def _shown(name: str, value: Any) -> str:
    return shown_value([left_out_in_words(entry) for entry in value] if name == "left_out" else value)


def outcome_badge(entry: ProvisioningLog) -> str:
    """The outcome in a word."""
    return badge(entry.get_outcome_display(), OUTCOME_COLOURS[Outcome(entry.outcome)])
