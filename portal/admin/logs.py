"""The two records: what identity providers sent and what became of it, and every change with its actor.

Both grow to millions of rows. So nothing here counts or sorts a whole table: pages are capped (CappedPaginator),
filters follow an index, and a time is turned into a row id first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.views import ChangeList

from identity import policy
from identity.keys import fold
from identity.models import AuditEvent, Group, IdentityProvider, ProvisioningLog, SSOGroup, User
from portal.admin import events
from portal.admin.base import Button, PortalModelAdmin
from portal.admin.parts import badge, moment

EXPORT_BATCH = 1000
Outcome = ProvisioningLog.Outcome

OUTCOME_COLOURS = {
    Outcome.APPLIED: "green",
    Outcome.PARTLY: "amber",
    Outcome.UNCHANGED: "",
    Outcome.REFUSED: "red",
}


# --- time, by row id ---


def first_id_since(model: type[Model], moment: datetime) -> int:
    """The id of the first row at or after `moment`: rows are written in order, so halving finds it.

    Some twenty look-ups by primary key, where a condition on the time would read the whole table.
    """
    ids = model._default_manager.order_by("pk").values_list("pk", flat=True)
    low, high = ids.first() or 0, (ids.last() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = model._default_manager.filter(pk__gte=middle).order_by("pk").values_list("pk", "at").first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low


class SinceFilter(DropdownFilter):
    """How far back to look."""

    title = "time"
    parameter_name = "since"
    spans: ClassVar[dict[str, tuple[str, timedelta]]] = {
        "hour": ("Last hour", timedelta(hours=1)),
        "day": ("Last 24 hours", timedelta(days=1)),
        "week": ("Last 7 days", timedelta(days=7)),
        "month": ("Last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        if self.value() not in self.spans:
            return queryset  # type: ignore[no-any-return]
        _, span = self.spans[str(self.value())]
        return queryset.filter(pk__gte=first_id_since(queryset.model, timezone.now() - span))  # type: ignore[no-any-return]


# --- CSV ---


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula (SR-28, ASVS 1.2.10)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([csv_cell(value) for value in row])


def batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """All rows, the newest first, a thousand at a time by primary key: each statement stays small."""
    batch = list(rows.order_by("-pk")[:EXPORT_BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__lt=batch[-1].pk).order_by("-pk")[:EXPORT_BATCH])


class LogAdmin(PortalModelAdmin):
    """What both records share: newest first, nothing to change, an export of what is filtered."""

    sortable_by = ()
    ordering = ("-id",)
    show_facets = admin.ShowFacets.NEVER
    list_filter_submit = True
    export_header: ClassVar[tuple[str, ...]] = ()

    @display(description="Time (UTC)")
    def shown_at(self, row: Any) -> str:
        return moment(row.at, seconds=True)

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        """The cells of these rows."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        return [
            path("export/", view, name=self.url_name("export").removeprefix("admin:")),
            *super().get_urls(),
        ]

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        url = f"{reverse(self.url_name('export'))}?{request.GET.urlencode()}"
        return [Button("export", "Export CSV", url, "download", danger=False, decision=policy.ALLOWED)]

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """What the list shows under these filters, as a CSV file."""
        if not self.has_view_permission(request):
            raise PermissionDenied("Your role does not include this page.")
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list of these parameters would be empty-handed as well
            return HttpResponseRedirect(self.list_url())
        cells = (cell for batch in batches(rows) for cell in self.export_rows(batch))
        name = f"{str(self.opts.verbose_name_plural).replace(' ', '-')}-{timezone.now():%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            csv_lines(self.export_header, cells),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


# --- provisioning log ---


def about(rows: QuerySet[ProvisioningLog], text: str) -> QuerySet[ProvisioningLog]:
    """Entries whose subject begins with `text`, by index on SQLite too, whose LIKE uses none."""
    key = fold(text).strip()
    if connection.vendor == "sqlite":
        return rows.filter(subject_key__gte=key, subject_key__lt=f"{key}\U0010ffff")
    return rows.filter(subject_key__startswith=key)


@admin.register(ProvisioningLog)
class ProvisioningLogAdmin(LogAdmin):
    """One row for each SCIM write or refusal."""

    list_display = ("shown_at", "outcome_badge", "shown_summary", "identity_provider", "answer", "took")
    list_display_links = ("shown_at", "shown_summary")
    list_filter: ClassVar = (
        SinceFilter,
        ("outcome", ChoicesDropdownFilter),
        ("identity_provider", RelatedDropdownFilter),
    )
    list_select_related = ("identity_provider",)
    search_fields = ("subject_key",)
    search_help_text = "Username or SSO group begins with …"
    change_list_template = "admin/identity/provisioninglog/list.html"
    detail_template = "admin/identity/provisioninglog/detail.html"
    export_header = (
        "Time (UTC)",
        "Identity provider",
        "Token",
        "From",
        "Request",
        "Method",
        "Resource",
        "Resource id",
        "Outcome",
        "Status",
        "Code",
        "What happened",
        "Duration (ms)",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ProvisioningLog], search_term: str
    ) -> tuple[QuerySet[ProvisioningLog], bool]:
        return (about(queryset, search_term) if search_term.strip() else queryset), False

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
        details = {name: value for name, value in obj.details.items() if name != "ignored"}
        return {
            "outcome": outcome_badge(obj),
            "ignored": obj.details.get("ignored", {}),
            "details": [(name.replace("_", " ").capitalize(), _shown(value)) for name, value in details.items()],
            "title": f"Request of {obj.at:%-d %B %Y, %H:%M:%S} UTC",
        }

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        for entry in batch:
            yield (
                entry.at.isoformat(),
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
            )


def outcome_badge(entry: ProvisioningLog) -> str:
    """The outcome in a word."""
    return badge(entry.get_outcome_display(), OUTCOME_COLOURS[Outcome(entry.outcome)])


# --- audit log ---

WORDS: dict[str, str] = {
    **events.WORDS,
    "access.mode_set": "Access settings changed",
    "access.idp_followed": "Status and memberships set to what the identity provider says",
    "asset.created": "Asset added",
    "asset.edited": "Asset edited",
    "asset.deleted": "Asset deleted",
    "asset.handed_over": "Asset handed over",
    "asset.owner_added": "Asset owner added",
    "asset.owner_removed": "Asset owner removed",
    "conflict.recorded": "Conflict recorded",
    "group.created": "Group created",
    "group.deleted": "Group deleted",
    "group.edited": "Group edited",
    "group_mapping.created": "SSO group mapped",
    "group_mapping.deleted": "Mapping deleted",
    "identity_provider.created": "Identity provider added",
    "identity_provider.deleted": "Identity provider deleted",
    "identity_provider.edited": "Identity provider edited",
    "sso_connection.created": "SSO connection set up",
    "sso_connection.deleted": "SSO connection deleted",
    "sso_connection.disabled": "SSO connection switched off",
    "sso_connection.edited": "SSO connection edited",
    "sso_connection.enabled": "SSO connection switched on",
    "scim_token.created": "SCIM token created",
    "scim_token.revoked": "SCIM token revoked",
    "sso_group.declaration_withdrawn": "Declaration of an SSO group withdrawn",
    "sso_group.declared": "SSO group declared",
    "sso_group.deleted": "SSO group deleted by the identity provider",
    "sso_group.pushed": "SSO group pushed by the identity provider",
    "sso_group.updated": "SSO group changed by the identity provider",
}

FAMILIES: dict[str, str] = {
    "user": "Users",
    "membership": "Group members",
    "group": "Groups",
    "group_mapping": "Mappings",
    "sso_group": "SSO groups",
    "conflict": "Conflicts",
    "identity_provider": "Identity providers",
    "sso_connection": "SSO connections",
    "scim_token": "SCIM tokens",
    "api_token": "API tokens",
    "asset": "Assets",
    "access": "Access settings",
}

ACTOR_KINDS = {
    "user": "Person",
    "scim_token": "Identity provider",
    "sso_sign_in": "Identity provider, at a sign-in",
    "operator": "Command on the server",
}


def words(action: str) -> str:
    """An action as people read it."""
    return WORDS.get(action, action.replace(".", ": ").replace("_", " ").capitalize())


class FamilyFilter(DropdownFilter):
    """What the change is about."""

    title = "what"
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(FAMILIES.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AuditEvent]:
        if self.value() not in FAMILIES:
            return queryset  # type: ignore[no-any-return]
        actions = [action for action in WORDS if action.startswith(f"{self.value()}.")]
        return queryset.filter(action__in=actions)  # type: ignore[no-any-return]


class ActorKindFilter(DropdownFilter):
    """Who did it: a person, an identity provider, or a command on the server."""

    title = "who"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(ACTOR_KINDS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AuditEvent]:
        if self.value() not in ACTOR_KINDS:
            return queryset  # type: ignore[no-any-return]
        return queryset.filter(actor_kind=self.value())  # type: ignore[no-any-return]


class Names:
    """Who and what some events mention, in one statement for each kind."""

    def __init__(self, found: Iterable[AuditEvent]) -> None:
        self.events = list(found)
        acting = {event.actor_id for event in self.events if event.actor_kind == "user"}
        self.users = self._by_id(User, "user_id", acting)
        self.groups = self._by_id(Group, "group_id")
        self.sso_groups = self._by_id(SSOGroup, "sso_group_id")
        self.providers = self._by_id(IdentityProvider, "identity_provider_id")

    def _by_id(self, model: type[Model], column: str, also: Iterable[int | None] = ()) -> dict[int, Any]:
        ids = {getattr(event, column) for event in self.events}.union(also) - {None}
        return model._default_manager.in_bulk(ids)

    def actor(self, event: AuditEvent) -> str:
        return events.actor_of(event, self.users, self.providers)

    def short_actor(self, event: AuditEvent) -> str:
        """Without the token's name, for a list."""
        provider = self.providers.get(event.identity_provider_id or 0)
        return str(provider) if event.actor_kind == "scim_token" and provider else self.actor(event)

    def user(self, event: AuditEvent) -> str:
        return _named(self.users, event.user_id, "user")

    def group(self, event: AuditEvent) -> str:
        """The portal group, else the SSO group; the name that was noted when it is gone."""
        if event.group_id is not None:
            return _named(self.groups, event.group_id, "group", event)
        return _named(self.sso_groups, event.sso_group_id, "SSO group", event)


def _named(rows: dict[int, Any], pk: int | None, kind: str, event: AuditEvent | None = None) -> str:
    if pk is None:
        return ""
    if pk in rows:
        return str(rows[pk])
    name = event.details.get("name") if event else None
    return f"{name} (deleted)" if isinstance(name, str) else f"{kind} {pk} (deleted)"


class AuditChangeList(ChangeList):
    """A page of events that knows the names in it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = Names(self.result_list)
        for event in self.result_list:
            event.names = names


@admin.register(AuditEvent)
class AuditEventAdmin(LogAdmin):
    """Every change, append-only."""

    list_display = ("shown_at", "what", "who", "user", "group")
    list_display_links = ("shown_at", "what")
    list_filter: ClassVar = (SinceFilter, FamilyFilter, ActorKindFilter)
    change_list_template = "admin/identity/auditevent/list.html"
    detail_template = "admin/identity/auditevent/detail.html"
    export_header = (
        "Time (UTC)",
        "Action",
        "What happened",
        "Actor kind",
        "Actor",
        "User id",
        "User",
        "Group",
        "Identity provider",
        "Request",
        "Details",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return AuditChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": "Audit log"})

    @display(description="What")
    def what(self, event: Any) -> str:
        return words(event.action)

    @display(description="Who")
    def who(self, event: Any) -> str:
        return event.names.short_actor(event)  # type: ignore[no-any-return]

    @display(description="User")
    def user(self, event: Any) -> str:
        return event.names.user(event) or "–"

    @display(description="Group")
    def group(self, event: Any) -> str:
        return event.names.group(event) or "–"

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        names = Names([obj])
        personal = getattr(obj, "personal_data", None)
        return {
            "title": words(obj.action),
            "actor": names.actor(obj),
            "actor_kind": ACTOR_KINDS.get(obj.actor_kind, obj.actor_kind),
            "subject": names.users.get(obj.user_id),
            "subject_label": names.user(obj),
            "group": names.groups.get(obj.group_id),
            "group_label": names.group(obj),
            "provider": names.providers.get(obj.identity_provider_id),
            "changes": list(changes({**obj.details, **(personal.values if personal else {})})),
            "is_erased": obj.user_id is not None and obj.user_id not in names.users,
        }

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        """Without the personal values: an erasure could not reach the file (R10)."""
        names = Names(batch)
        for event in batch:
            yield (
                event.at.isoformat(),
                event.action,
                words(event.action),
                event.actor_kind,
                names.actor(event),
                event.user_id,
                names.user(event),
                names.group(event),
                names.providers.get(event.identity_provider_id),
                event.request_id,
                json.dumps(event.details, ensure_ascii=False),
            )


def changes(values: dict[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """Each detail as (what, old value or None when there is none, new value)."""
    for name, value in values.items():
        label = name.replace("_", " ").capitalize()
        match value:
            case {"from": old, "to": new}:
                yield label, _shown(old), _shown(new)
            case list() | dict() if not value:
                continue
            case _:
                yield label, None, _shown(value)


def _shown(value: object) -> str:
    match value:
        case None | "" | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
