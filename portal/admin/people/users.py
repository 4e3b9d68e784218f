"""Users: the list, and one user's page with the reason for everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Prefetch, QuerySet, Window
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from identity.core.decisions import Action, Decision
from identity.models import (
    Asset,
    Conflict,
    Invitation,
    Membership,
    SSOGroup,
    SSOIdentity,
    Status,
    User,
)
from identity.models.users import matching
from identity.queries.differences import sides_of, sso_groups_of
from identity.queries.external_ids import sharing_external_id
from identity.queries.invitation_links import link_of
from identity.queries.reasons import Reason, memberships_with_reasons
from identity.queries.why import trail_of
from portal.admin.access.reconciling import Reconcile
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.buttons import Button
from portal.admin.frame.deciding import decide, mode_of
from portal.admin.frame.lists import PortalChangeList
from portal.admin.frame.parts import badge, is_key, moment
from portal.admin.groups.idp_side import STATUS_COLOURS
from portal.admin.people.sessions import EndSession, EndSessions
from portal.admin.people.user_actions import (
    ChangeRole,
    ClearBreakGlass,
    Disable,
    EditProfile,
    Enable,
    InviteUser,
    MarkBreakGlass,
    ResendInvitation,
    RevokeInvitation,
)
from portal.admin.people.user_bulk import MOST_AT_ONCE, BulkAddToGroups, BulkDisable, BulkEnable, BulkPage, ask
from portal.admin.people.user_filters import LastActiveFilter, MemberOfFilter, RoleFilter, SourceFilter, StatusFilter
from portal.admin.people.user_groups import AddToGroups, RemoveFromGroup
from portal.admin.providers.conflicts import state_badge
from portal.exchange.csv_out import USER_COLUMNS, user_cells
from portal.session.sessions import sessions_of

GROUPS_SHOWN = 3
ROWS_SHOWN = 50
CONFLICTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A user's group, why they are in it, and whether they can be removed here."""

    reason: Reason
    decision: Decision
    remove_url: str


class UserChangeList(PortalChangeList):
    """A page of users with their first groups and the number `of` all; a single user's page needs none of that."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request, exclude_parameters)
        counted = Membership.objects.annotate(of=Window(Count("pk"), partition_by="user"))
        first = counted.select_related("group").order_by("group__name_key")[:GROUPS_SHOWN]
        return rows.prefetch_related(Prefetch("memberships", queryset=first, to_attr="first_memberships"))


@admin.register(User)
class UserAdmin(PortalModelAdmin):
    """All accounts, whatever their origin."""

    pages = (
        InviteUser,
        EditProfile,
        AddToGroups,
        ChangeRole,
        MarkBreakGlass,
        ClearBreakGlass,
        ResendInvitation,
        Enable,
        Disable,
        Reconcile,
        EndSessions,
        EndSession,
        RevokeInvitation,
        RemoveFromGroup,
        BulkEnable,
        BulkDisable,
        BulkAddToGroups,
    )
    actions = ("enable_chosen", "disable_chosen", "add_chosen_to_groups")
    list_display = ("person", "shown_status", "shown_last_active", "source", "shown_groups", "shown_role")
    list_filter = (StatusFilter, RoleFilter, SourceFilter, MemberOfFilter, LastActiveFilter)
    list_filter_submit = True
    list_select_related = ("managed_by",)
    search_fields = ("username_key",)
    search_help_text = "Username, email or name begins with …"
    ordering = ("username_key",)
    sortable_by = ("person",)
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/portal/users.html"
    detail_template = "admin/portal/user.html"
    export_columns: ClassVar = {name: name for name in USER_COLUMNS}

    def export_queryset(self, rows: QuerySet[User]) -> QuerySet[User]:
        return rows.prefetch_related(None).prefetch_related("portal_groups")

    def export_rows(self, batch: list[User]) -> Iterable[Iterable[object]]:
        return map(user_cells, batch)

    # --- the list ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return UserChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        if search_term.strip():
            queryset = queryset.filter(matching(search_term))
        return queryset, False

    @display(description="Name", ordering="username_key", header=True)
    def person(self, user: User) -> tuple[str, str]:
        return user.display_name, user.username

    @display(description="Status")
    def shown_status(self, user: User) -> str:
        return status_badge(user)

    @display(description="Last active")
    def shown_last_active(self, user: User) -> str:
        return moment(user.last_active) if user.last_active else _subtle("Never")

    @display(description="Source")
    def source(self, user: User) -> str:
        return str(user.managed_by or "Local")

    @display(description="Groups")
    def shown_groups(self, user: User) -> str:
        first: list[Any] = user.first_memberships  # type: ignore[attr-defined]
        if not first:
            return _subtle("None")
        names = [row.group.name for row in first]
        more = first[0].of - len(first)
        chips = format_html_join(" ", '<span class="gh-chip" title="{}">{}</span>', ((name, name) for name in names))
        return format_html("<span>{} {}</span>", chips, _subtle(f"and {more} more") if more else "")

    @display(description="Role")
    def shown_role(self, user: User) -> str:
        flag = badge("Break-glass", "amber") if user.is_break_glass else ""
        return format_html("{} {}", user.get_role_display(), flag)

    # --- ticked in the list ---

    @admin.action(description="Enable users")
    def enable_chosen(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._ask(request, BulkEnable, queryset)

    @admin.action(description="Disable users")
    def disable_chosen(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._ask(request, BulkDisable, queryset)

    @admin.action(description="Add users to groups")
    def add_chosen_to_groups(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse:
        return self._ask(request, BulkAddToGroups, queryset)

    def _ask(self, request: HttpRequest, page: type[BulkPage], queryset: QuerySet[User]) -> HttpResponse:
        keys = queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE]
        return ask(request, self.url_name(page.name), keys)

    # --- one person ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.select_related("managed_by")

    def get_detail(self, request: HttpRequest, obj: User) -> dict[str, Any]:
        conflicts = conflicts_of(obj)
        sides = sides_of(obj, conflicts)
        sso_groups = sso_groups_of(sides.sso_user)
        lines = self._group_lines(request, obj, sso_groups)
        return {
            "title": obj.display_name,
            "status": status_badge(obj),
            "is_oneself": obj.pk == request.user.pk,
            "has_password": obj.has_usable_password() and bool(obj.password),
            **invitation_of(request, obj),
            "sso_user": sides.sso_user,
            "retired": sides.retired,
            "both_sides": sides.attributes,
            "reasons": sides.reasons,
            "sso_groups": sso_groups,
            "sharing": sharing_external_id(sides.record),
            "group_lines": lines,
            "group_ids": {line.reason.membership.group_id for line in lines},
            "removal_refused": next((line.decision.reason for line in lines if not line.decision), ""),
            "assets": (assets := list(Asset.objects.owned_by(obj.pk)[: ROWS_SHOWN + 1]))[:ROWS_SHOWN],
            "has_more_assets": len(assets) > ROWS_SHOWN,
            "identities": SSOIdentity.objects.filter(user=obj).select_related("identity_provider"),
            "conflicts": [(conflict, state_badge(conflict)) for conflict in conflicts],
            "why_url": reverse("admin:identity_user_why", args=(obj.pk,)),
        }

    def buttons(self, request: HttpRequest, obj: User) -> list[Button]:
        """Adds the actions reserved for support, refused to everyone who sees this page: the hint says who may."""
        found = super().buttons(request, obj)
        if obj.status != Status.DISABLED:
            return found
        refused = decide(request, Action.DELETE_PERMANENTLY, user=obj)
        return [*found, Button("delete", "Delete permanently", "", "delete_forever", danger=True, decision=refused)]

    def _sessions(self, request: HttpRequest, user: User) -> dict[str, Any]:
        """Where a user is signed in, and which sessions an administrator may end."""
        return {
            "sessions": sessions_of(user),
            "may_end_sessions": decide(request, Action.END_SESSIONS, user=user),
            "end_session_url": reverse(self.url_name(EndSession.name), args=(user.pk,)),
        }

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """The user with all one-to-one relations, in one statement."""
        if not is_key(object_id):
            return None
        rows = self.get_queryset(request).select_related("sso_user__identity_provider", "invitation__invited_by")
        return rows.filter(pk=object_id).first()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.why)
        return [path("<int:pk>/why/", view, name="identity_user_why"), *super().get_urls()]

    def why(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The why-trail: a page of its own, and the part of it loaded by the user's page."""
        self.require_view(request)
        user = self.get_object_or_404(request, str(pk))
        before = request.GET.get("before", "")
        context = {
            "obj": user,
            "why_url": request.path,
            "trail": trail_of(user, int(before) if is_key(before) else None),
            **self._sessions(request, user),
        }
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, "admin/portal/includes/trail.html", context)
        page = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"History: {user.display_name}",
            "list_url": self.list_url_of(request),
            **context,
        }
        return TemplateResponse(request, "admin/portal/why.html", page)

    def _group_lines(self, request: HttpRequest, user: User, sso_groups: list[SSOGroup]) -> list[GroupLine]:
        url = reverse(self.url_name(RemoveFromGroup.name), args=(user.pk,))
        return [
            GroupLine(
                reason,
                decide(request, Action.CHANGE_MEMBERS, group=reason.membership.group),
                f"{url}?group={reason.membership.group_id}",
            )
            for reason in memberships_with_reasons(user, {sso_group.pk for sso_group in sso_groups})
        ]


def status_badge(user: User) -> str:
    """The status in a word."""
    status = Status(user.status)
    return badge(status.label, STATUS_COLOURS[status])


def _subtle(text: str) -> str:
    return format_html('<span class="gh-subtle gh-nowrap">{}</span>', text)


def invitation_of(request: HttpRequest, user: User) -> dict[str, Any]:
    """The invitation of a user who has not signed in yet, and what keeps its link from working, if anything."""
    invitation: Invitation | None = getattr(user, "invitation", None) if user.status == Status.INVITED else None
    problem = link_of(invitation, mode_of(request)).problem if invitation else ""
    return {"invitation": invitation, "invitation_problem": problem}


def conflicts_of(user: User) -> list[Conflict]:
    """What an identity provider wants from this account and was refused; decided ones as well."""
    return list(Conflict.objects.filter(user=user).select_related("identity_provider")[:CONFLICTS_SHOWN])
