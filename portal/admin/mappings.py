"""Group mappings: choose, look who joins and who leaves, apply (R15-R17); and all of them in a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import CharField, Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.decorators import display

from identity.keys import fold
from identity.models import Group, GroupMapping, IdentityProvider, SSOGroup, User
from identity.policy import Action
from identity.services import groups, mappings
from identity.services.mappings import Preview
from portal.admin.base import ActionPage, PortalModelAdmin, mode_of, person_of
from portal.admin.completeness import MOST_IN_A_LIST, with_sizes
from portal.admin.parts import badge, moment, row_or_404, searched
from portal.counting import up_to

NAMES_SHOWN = 100
CHOICES = 25


# --- choose, look, apply ---


@dataclass(frozen=True, slots=True)
class Movement:
    """A preview in numbers and in the first names of each side."""

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


def movement(preview: Preview) -> Movement:
    """What a preview says, read for a page."""
    return Movement(
        preview=preview,
        join_count=len(preview.join_ids),
        leave_count=len(preview.leave_ids),
        joins=list(preview.joins.order_by("username_key")[:NAMES_SHOWN]),
        leaves=list(preview.leaves.order_by("username_key")[:NAMES_SHOWN]),
    )


class TargetForm(Form):
    """The portal group to map to: an existing one, or `new` for one of the SSO group's name."""

    group = CharField(error_messages={"required": "Choose a portal group."})


class MapSSOGroup(ActionPage):
    """First step of mapping: choose the portal group. Nobody moves before the preview is applied."""

    name = "map"
    label = "Map to a portal group"
    action = Action.MANAGE_MAPPINGS
    icon = "sync_alt"
    submit = "Show who would join and leave"
    form_class = TargetForm
    template_name = "admin/identity/ssogroup/map.html"
    explanation = "Choose the portal group that this SSO group shall feed. You see who joins and who leaves first."
    target: Group | None = None

    def run(self, form: TargetForm) -> str:
        if form.cleaned_data["group"] != "new":
            self.target = row_or_404(Group.objects.all(), form.cleaned_data["group"])
            return ""
        self.target = groups.create_group(name=self.obj.display_name, actor=person_of(self.request))
        return f"Group {self.target} was created. It is empty until you apply the mapping below."

    def get_success_url(self) -> str:
        return preview_url(self.obj, self.target) if self.target else self.model_admin.detail_url(self.obj)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        q = searched(self.request)
        free = Group.objects.exclude(mappings__sso_group=self.obj)
        rows = list((free.filter(name_key__contains=fold(q).strip()) if q else free)[: CHOICES + 1])
        return super().get_context_data(
            q=q,
            groups=rows[:CHOICES],
            has_more=len(rows) > CHOICES,
            namesake=Group.objects.filter(name_key=self.obj.display_name_key).first(),
            **kwargs,
        )


def preview_url(sso_group: SSOGroup, group: Group) -> str:
    """Where the mapping of these two is looked at and applied."""
    return f"{reverse('admin:identity_ssogroup_apply_mapping', args=(sso_group.pk,))}?group={group.pk}"


class PreviewForm(Form):
    """The fingerprint of the preview that the person has seen (R15)."""

    fingerprint = CharField(error_messages={"required": "The preview is missing: look at it and apply again."})


class PreviewPage(ActionPage):
    """Second step: who joins, who leaves; applying does exactly that or shows what has changed."""

    action = Action.MANAGE_MAPPINGS
    icon = "sync_alt"
    form_class = PreviewForm
    template_name = "admin/identity/preview.html"

    def preview(self) -> Preview:
        """What would happen now."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(scim_enabled=mode_of(self.request).scim_enabled, **kwargs)
        return {**context, "movement": None if context.get("refusal") else movement(self.preview())}


class ApplyMapping(PreviewPage):
    """Map an SSO group to a portal group, after the preview (R15)."""

    name = "apply_mapping"
    label = "Map"
    submit = "Apply the mapping"
    explanation = "From now on the members of the portal group follow the identity provider."

    @classmethod
    def applies(cls, request: HttpRequest, obj: SSOGroup) -> bool:
        return False  # reached through MapSSOGroup, which chooses the group

    @cached_property
    def group(self) -> Group:
        return row_or_404(Group.objects.all(), self.request.GET.get("group", ""))

    def preview(self) -> Preview:
        return mappings.preview_mapping(self.obj, self.group)

    def run(self, form: PreviewForm) -> str:
        mappings.apply_mapping(
            self.obj, self.group, fingerprint=form.cleaned_data["fingerprint"], actor=person_of(self.request)
        )
        return f"SSO group {self.obj} now feeds the portal group {self.group}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Map {self.obj} to {self.group}"
        return super().get_context_data(title=title, group=self.group, sso_group=self.obj, **kwargs)


class Unmap(PreviewPage):
    """Delete a mapping, after the preview: the last one keeps the members (R17)."""

    name = "unmap"
    label = "Delete mapping"
    icon = "link_off"
    danger = True
    submit = "Delete the mapping"

    def preview(self) -> Preview:
        return mappings.preview_unmapping(self.obj)

    def run(self, form: PreviewForm) -> str:
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


# --- the list ---


@admin.register(GroupMapping)
class GroupMappingAdmin(PortalModelAdmin):
    """All mappings in one list; each is shown on the page of its portal group."""

    pages = (Unmap,)
    list_display = ("source", "target", "provider", "pushed", "members", "created_by", "since")
    list_select_related = ("sso_group__identity_provider", "group", "created_by")
    search_fields = ("group__name",)
    search_help_text = "Name of the SSO group or of the portal group"
    sortable_by = ()
    change_list_template = "admin/identity/groupmapping/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupMapping]:
        return with_sizes(super().get_queryset(request), most=MOST_IN_A_LIST)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GroupMapping], search_term: str
    ) -> tuple[QuerySet[GroupMapping], bool]:
        key = fold(search_term).strip()
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

    @display(description="Members pushed")
    def pushed(self, mapping: Any) -> str:
        return up_to(MOST_IN_A_LIST, mapping.pushed_size)

    @display(description="Members of the portal group")
    def members(self, mapping: Any) -> str:
        """Several SSO groups may feed it, so it may have more; with fewer, some of the pushed are missing."""
        if mapping.members_size < mapping.pushed_size:
            return format_html("{} {}", up_to(MOST_IN_A_LIST, mapping.members_size), badge("Incomplete", "amber"))
        return up_to(MOST_IN_A_LIST, mapping.members_size)

    @display(description="Since")
    def since(self, mapping: GroupMapping) -> str:
        return moment(mapping.created_at)

    @display(description="Identity provider")
    def provider(self, mapping: GroupMapping) -> IdentityProvider:
        return mapping.sso_group.identity_provider

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        mapping = self.get_object_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:identity_group_change", args=(mapping.group_id,)))
