"""Group mappings: choose, preview who joins and leaves, apply (R15-R17); and the list of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import CharField, Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.decorators import display

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db.counting import up_to
from identity.models import Group, GroupMapping, IdentityProvider, SSOGroup, User
from identity.queries.completeness import (
    MOST_COUNTED_IN_A_LIST,
    MOST_IN_A_LIST,
    MOST_ON_A_PAGE,
    completeness_in_list,
    with_sizes,
)
from identity.services import mappings
from identity.services.mappings import Preview
from portal.admin.access.reconciling import Reconcile
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import mode_of, person_of
from portal.admin.frame.fingerprints import FingerprintForm
from portal.admin.frame.lists import PortalChangeList
from portal.admin.frame.parts import badge, moment, row_or_404, searched
from portal.admin.logs.moves_csv import draft_lines
from portal.exchange.csv_out import download

NEW = "new"  # in a URL: a portal group that applying creates
NAMES_SHOWN = 100
MOST_SORTED = 5_000
CHOICES = 25


# --- choose, preview, apply ---


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """A preview as numbers and the first names on each side."""

    preview: Preview
    join_count: int
    leave_count: int
    joins: list[User]
    leaves: list[User]

    @property
    def more_joins(self) -> int:
        return self.join_count - len(self.joins)

    @property
    def more_leaves(self) -> int:
        return self.leave_count - len(self.leaves)


def movement(preview: Preview) -> ShownPreview:
    """A preview, prepared for a page."""
    return ShownPreview(
        preview=preview,
        join_count=len(preview.join_ids),
        leave_count=len(preview.leave_ids),
        joins=_some_of(preview.join_ids),
        leaves=_some_of(preview.leave_ids),
    )


def _some_of(ids: frozenset[int]) -> list[User]:
    """The first by username if few enough to sort; of very many, those with the oldest accounts."""
    chosen = sorted(ids) if len(ids) <= MOST_SORTED else sorted(ids)[:NAMES_SHOWN]
    people: QuerySet[User] = User.objects.filter(pk__any_of=chosen)
    return list(people.order_by("username_key")[:NAMES_SHOWN]) if chosen else []


class TargetForm(Form):
    """The portal group to map to: an existing one, or `new` for one of the SSO group's name."""

    group = CharField(error_messages={"required": "Choose a portal group."})


class MapSSOGroup(ActionPage):
    """First step of mapping: choose the portal group. Nothing changes before the preview is applied."""

    name = "map"
    label = "Map to a portal group"
    action = Action.MANAGE_MAPPINGS
    icon = "sync_alt"
    submit = "Show who would join and leave"
    form_class = TargetForm
    template_name = "admin/identity/ssogroup/map.html"
    explanation = "Choose the portal group that this SSO group feeds. A preview shows who joins and who leaves."
    target = ""

    def run(self, form: TargetForm) -> str:
        wanted = form.cleaned_data["group"]
        self.target = NEW if wanted == NEW else str(row_or_404(Group.objects.all(), wanted).pk)
        return ""

    def get_success_url(self) -> str:
        """To the preview, whose URL names both."""
        if not self.target:
            return self.model_admin.detail_url(self.obj)
        return f"{reverse('admin:identity_ssogroup_apply_mapping', args=(self.obj.pk,))}?group={self.target}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        q = searched(self.request)
        free = Group.objects.exclude(mappings__sso_group=self.obj)
        rows = list((free.filter(name_key__contains=sought(q)) if q else free)[: CHOICES + 1])
        return super().get_context_data(
            q=q,
            groups=rows[:CHOICES],
            has_more=len(rows) > CHOICES,
            namesake=Group.objects.filter(name_key=self.obj.display_name_key).first(),
            **kwargs,
        )


class PreviewPage(ActionPage):
    """Second step: who joins, who leaves; applying does exactly that or shows what has changed."""

    action = Action.MANAGE_MAPPINGS
    icon = "sync_alt"
    form_class = FingerprintForm
    template_name = "admin/identity/preview.html"

    def preview(self) -> Preview:
        """What would happen now."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(scim_enabled=mode_of(self.request).scim_enabled, **kwargs)
        if context.get("refusal"):
            return {**context, "movement": None}
        csv_url = reverse(self.model_admin.url_name(f"{self.name}_csv"), args=(self.obj.pk,))
        return {
            **context,
            "movement": movement(self.preview()),
            "csv_url": f"{csv_url}?{self.request.GET.urlencode()}",
        }


class PreviewCSV(PreviewPage):
    """Everyone in a preview as a file; changes nothing."""

    http_method_names = ("get", "head", "options")
    has_button = False  # linked from the preview

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        decision = self.decide(request, self.obj)
        if not decision:
            return self.refused(decision.reason, 403)
        return download(draft_lines(self.preview()), name=f"mapping-draft-{timezone.now():%Y-%m-%d}", kind="csv")


class ApplyMapping(PreviewPage):
    """Map an SSO group to a portal group, after the preview (R15)."""

    name = "apply_mapping"
    label = "Map"
    submit = "Apply the mapping"
    has_button = False  # reached through MapSSOGroup, which chooses the group
    explanation = "Once applied, the members of the portal group follow the identity provider."

    @cached_property
    def group(self) -> Group:
        """The portal group in the URL; one still to be created has no key."""
        wanted = self.request.GET.get("group", "")
        return Group(name=self.obj.display_name) if wanted == NEW else row_or_404(Group.objects.all(), wanted)

    def preview(self) -> Preview:
        if self.group.pk is None:
            return mappings.preview_new_group(self.obj)
        return mappings.preview_mapping(self.obj, self.group)

    def run(self, form: FingerprintForm) -> str:
        seen, actor = form.cleaned_data["fingerprint"], person_of(self.request)
        if self.group.pk is None:
            mappings.map_to_new_group(self.obj, fingerprint=seen, actor=actor)
        else:
            mappings.apply_mapping(self.obj, self.group, fingerprint=seen, actor=actor)
        return f"SSO group {self.obj} now feeds the portal group {self.group}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Map {self.obj} to {self.group}"
        return super().get_context_data(title=title, group=self.group, sso_group=self.obj, **kwargs)


class ApplyMappingCSV(PreviewCSV, ApplyMapping):
    """Who would join, leave and stay by a mapping."""

    name = "apply_mapping_csv"
    label = "Draft of a mapping as CSV"


class Unmap(PreviewPage):
    """Delete a mapping, after the preview: the last one keeps the members (R17)."""

    name = "unmap"
    label = "Delete mapping"
    icon = "link_off"
    danger = True
    submit = "Delete the mapping"

    def preview(self) -> Preview:
        return mappings.preview_unmapping(self.obj)

    def run(self, form: FingerprintForm) -> str:
        mappings.delete_mapping(self.obj, fingerprint=form.cleaned_data["fingerprint"], actor=person_of(self.request))
        return f"The mapping {self.obj} was deleted."

    def get_success_url(self) -> str:
        return reverse("admin:identity_group_change", args=(self.obj.group_id,))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_last = not self.obj.group.mappings.exclude(pk=self.obj.pk).exists()
        return super().get_context_data(
            title=f"Delete the mapping {self.obj}?",
            group=self.obj.group,
            sso_group=self.obj.sso_group,
            unmapping=True,
            is_last=is_last,
            **kwargs,
        )


class UnmapCSV(PreviewCSV, Unmap):
    """Who would leave and stay by deleting a mapping."""

    name = "unmap_csv"
    label = "Deletion of a mapping as CSV"


# --- the list ---


class MappingChangeList(PortalChangeList):
    """A page of mappings, each with how complete it is."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _with_completeness(list(self.result_list), most=MOST_COUNTED_IN_A_LIST)


def _with_completeness(rows: list[Any], *, most: int) -> list[Any]:
    for mapping, found in zip(rows, completeness_in_list(rows, most=most), strict=True):
        mapping.completeness = found
    return rows


def _counted(number: int | None) -> str:
    return "not counted" if number is None else f"{number:,}"


@admin.register(GroupMapping)
class GroupMappingAdmin(PortalModelAdmin):
    """All mappings in one list; each is shown on the page of its portal group."""

    seen_by = Action.VIEW_GROUPS
    pages = (Unmap, UnmapCSV, Reconcile)
    list_display = ("source", "target", "provider", "pushed", "applied", "disabled", "leaving", "since")
    list_select_related = ("sso_group__identity_provider", "group", "created_by")
    search_fields = ("group__name",)
    search_help_text = "Name of the SSO group or of the portal group"
    sortable_by = ()
    change_list_template = "admin/identity/groupmapping/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupMapping]:
        return with_sizes(super().get_queryset(request), most=MOST_IN_A_LIST)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return MappingChangeList

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        return super().export_rows(_with_completeness(batch, most=MOST_ON_A_PAGE))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GroupMapping], search_term: str
    ) -> tuple[QuerySet[GroupMapping], bool]:
        key = sought(search_term)
        if key:
            named = Q(group__name_key__contains=key) | Q(sso_group__display_name_key__contains=key)
            queryset = queryset.filter(named)
        return queryset, False

    @display(description="SSO group")
    def source(self, mapping: GroupMapping) -> SSOGroup:
        return mapping.sso_group

    @display(description="Portal group")
    def target(self, mapping: GroupMapping) -> Group:
        return mapping.group

    @display(description="Pushed")
    def pushed(self, mapping: Any) -> str:
        return up_to(MOST_IN_A_LIST, mapping.pushed_size)

    @display(description="Applied")
    def applied(self, mapping: Any) -> str:
        found = mapping.completeness
        number = _counted(found.applied)
        return format_html("{} {}", number, badge("Incomplete", "amber")) if found.is_incomplete else number

    @display(description="Disabled")
    def disabled(self, mapping: Any) -> str:
        return _counted(mapping.completeness.disabled)

    @display(description="Leave if it is deleted")
    def leaving(self, mapping: Any) -> str:
        return _counted(mapping.completeness.leaving)

    @display(description="Since")
    def since(self, mapping: GroupMapping) -> str:
        by = f"by {mapping.created_by}" if mapping.created_by else ""
        return format_html('<span>{} <span class="gh-subtle gh-small">{}</span></span>', moment(mapping.created_at), by)

    @display(description="Identity provider")
    def provider(self, mapping: GroupMapping) -> IdentityProvider:
        return mapping.sso_group.identity_provider

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        mapping = self.get_object_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:identity_group_change", args=(mapping.group_id,)))
