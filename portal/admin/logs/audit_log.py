"""The audit log: every change and who made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from identity.core.origins import network_of
from identity.db import replica
from identity.events import Event, Family, words_of
from identity.models import Asset, AuditEvent, AuditOrigin, User
from identity.queries.moves import moved_by
from identity.queries.names import Names
from portal.admin.frame.parts import row_or_404
from portal.admin.logs.moves_csv import moved_lines
from portal.admin.logs.pages import (
    FromFilter,
    IdentityProviderFilter,
    KeysetChangeList,
    LoggedPersonFilter,
    PlainFilter,
    RecordAdmin,
    SinceFilter,
    UntilFilter,
    shown_value,
)
from portal.exchange.csv_out import download
from portal.project.proxies import is_address
from portal.project.replicas import read_by

PEOPLE_FOUND = 100

ACTOR_KINDS = {
    "user": "Person",
    "scim_token": "Identity provider",
    "sso_sign_in": "Identity provider, at a sign-in",
    "operator": "Command on the server",
    "schedule": "The portal itself, when it was due",
    "visitor": "Not signed in",
}


class FamilyFilter(DropdownFilter):
    """What the change is about."""

    title = "what"
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return Family.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AuditEvent]:
        if self.value() not in Family.values:
            return queryset  # type: ignore[no-any-return]
        return queryset.filter(action__in=Event.of(str(self.value())))  # type: ignore[no-any-return]


class ActorKindFilter(DropdownFilter):
    """The kind of actor: a person, an identity provider, or a command on the server."""

    title = "who"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(ACTOR_KINDS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AuditEvent]:
        if self.value() not in ACTOR_KINDS:
            return queryset  # type: ignore[no-any-return]
        return queryset.filter(actor_kind=self.value())  # type: ignore[no-any-return]


class AboutFilter(LoggedPersonFilter):
    """Events about one person."""

    title = "about a person (whole username or email)"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(user_id=self.person_id() or 0) if self.key else queryset


class ByFilter(LoggedPersonFilter):
    """Events by one person."""

    title = "done by (whole username or email)"
    parameter_name = "by"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(actor_kind="user", actor_id=self.person_id() or 0) if self.key else queryset


class AddressFilter(PlainFilter):
    """Events from one address; for IPv6, from its /64."""

    title = "address"
    parameter_name = "address"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        address = (self.value() or "").strip()
        if not address:
            return queryset
        return queryset.filter(origin__network=network_of(address)) if is_address(address) else queryset.none()


class AuditChangeList(KeysetChangeList):
    """A page of events with the names in it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = Names(self.result_list)
        for event in self.result_list:
            event.names = names


def _moved(pk: int) -> StreamingHttpResponse:
    event = row_or_404(AuditEvent.objects.all(), pk)
    return download(moved_lines(event.pk), name=f"moved-by-event-{event.pk}", kind="csv")


@admin.register(AuditEvent)
class AuditEventAdmin(RecordAdmin):
    """Every change, append-only."""

    retention = "personal_values"
    list_display = ("shown_at", "what", "who", "user", "group")
    list_select_related = ("origin",)
    list_display_links = ("shown_at", "what")
    list_filter: ClassVar = (
        SinceFilter,
        FromFilter,
        UntilFilter,
        FamilyFilter,
        ActorKindFilter,
        IdentityProviderFilter,
        AboutFilter,
        ByFilter,
        AddressFilter,
    )
    change_list_template = "admin/identity/auditevent/list.html"
    detail_template = "admin/identity/auditevent/detail.html"
    search_fields = ("user_id",)
    search_help_text = "Username, email or name begins with …"
    export_columns = {
        "at": "Time (UTC)",
        "action": "Action",
        "words": "What happened",
        "actor_kind": "Actor kind",
        "actor": "Actor",
        "user_id": "User id",
        "user": "User",
        "group": "Group",
        "identity_provider": "Identity provider",
        "request_id": "Request",
        "address": "Address",
        "browser": "Browser",
        "times": "Times",
        "details": "Details",
    }

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return AuditChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": "Audit log"})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """By the person that an event is about; of very many matches, the first hundred."""
        if not search_term.strip():
            return queryset, False
        people = User.objects.search(search_term).order_by("username_key").values_list("pk", flat=True)[:PEOPLE_FOUND]
        return queryset.filter(user_id__in=list(people)), False

    @display(description="What")
    def what(self, event: Any) -> str:
        return words_of(event.action)

    @display(description="Who")
    def who(self, event: Any) -> str:
        return event.names.short_actor(event)  # type: ignore[no-any-return]

    @display(description="User")
    def user(self, event: Any) -> str:
        return event.names.user(event) or "–"

    @display(description="Group")
    def group(self, event: Any) -> str:
        return event.names.group(event) or "–"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.moved)
        return [path("<int:pk>/moved/", view, name="identity_auditevent_moved"), *super().get_urls()]

    def moved(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Everyone moved by an event, as CSV."""
        self.require_view(request)
        return read_by(request, replica.EXPORTS, lambda: _moved(pk))

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        names = Names([obj])
        personal = getattr(obj, "personal_data", None)
        moved = moved_by(obj.pk)
        apart = {"asset"} | ({"joined", "left"} if moved else set())
        details = {name: value for name, value in obj.shown_details.items() if name not in apart}
        return {
            "title": words_of(obj.action),
            "moved": moved,
            "moved_url": reverse("admin:identity_auditevent_moved", args=(obj.pk,)),
            "actor": names.actor(obj),
            "actor_kind": ACTOR_KINDS.get(obj.actor_kind, obj.actor_kind),
            "subject": names.users.get(obj.user_id),
            "subject_label": names.user(obj),
            "group": names.groups.get(obj.group_id),
            "group_label": names.group(obj),
            "provider": names.providers.get(obj.identity_provider_id),
            **_asset_of(obj),
            "origin": AuditOrigin.objects.filter(pk=obj.pk).first(),
            "changes": list(changes({**details, **(personal.values if personal else {})})),
            "is_erased": obj.user_id is not None and obj.user_id not in names.users,
        }

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        """Without names and emails: an erasure could not reach the file (R10). Addresses are its purpose."""
        names = Names(batch)
        for event in batch:
            origin = event.known_origin or AuditOrigin()
            yield (
                event.at,
                event.action,
                words_of(event.action),
                event.actor_kind,
                names.actor(event),
                event.user_id,
                names.user(event),
                names.group(event),
                names.providers.get(event.identity_provider_id),
                event.request_id,
                origin.address,
                origin.browser,
                origin.times,
                event.shown_details,
            )


def _asset_of(event: AuditEvent) -> dict[str, Any]:
    """The asset that an event is about; its number if it is gone."""
    pk = event.details.get("asset")
    if pk is None:
        return {}
    return {"asset": Asset.objects.filter(pk=pk).first(), "asset_label": f"{pk} (deleted)"}


def changes(values: dict[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """Each detail as (what, old value or None when there is none, new value)."""
    for name, value in values.items():
        label = name.replace("_", " ").capitalize()
        match value:
            case {"from": old, "to": new}:
                yield label, shown_value(old), shown_value(new)
            case list() | dict() if not value:
                continue
            case _:
                yield label, None, shown_value(value)
