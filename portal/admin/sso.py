"""The identity providers' side: SSO groups with their mappings, and SSO users as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet
from django.forms import CharField, Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from identity.keys import fold
from identity.models import Group, GroupMapping, IdentityProvider, SSOGroup, SSOMembership, SSOUser, Status, User
from identity.policy import Action
from identity.services import groups, mappings, sso_groups
from identity.services.mappings import Preview
from portal.admin.base import ActionPage, PortalModelAdmin, decide, mode_of, person_of
from portal.admin.parts import badge, moment, page_of, row_or_404, searched
from portal.counting import count_of

NAMES_SHOWN = 100
CHOICES = 25
STATUS_COLOURS = {Status.ENABLED: "green", Status.DISABLED: "red", Status.INVITED: "blue"}


# --- declaring ---


class DeclarationForm(Form):
    """The name of a group that an identity provider is going to push."""

    identity_provider = ModelChoiceField(IdentityProvider.objects.all(), empty_label="Choose …")
    name = CharField(
        max_length=255, help_text="Exactly as the identity provider will push it; upper and lower case are one."
    )


class DeclareSSOGroup(ActionPage):
    """Announce an SSO group, so that it can be mapped before its first push (R19)."""

    name = "declare"
    label = "Declare SSO group"
    action = Action.MANAGE_MAPPINGS
    icon = "add"
    of_list = True
    submit = "Declare"
    form_class = DeclarationForm
    explanation = (
        "Declare a group that your identity provider has not pushed yet, to map it beforehand. "
        "It is bound when the identity provider pushes a group of this name."
    )
    made: SSOGroup | None = None

    def run(self, form: DeclarationForm) -> str:
        provider, name = form.cleaned_data["identity_provider"], form.cleaned_data["name"]
        self.made = sso_groups.declare_sso_group(provider, name=name, actor=person_of(self.request))
        return f"SSO group {name} was declared. It waits for its first push by {provider}."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.made) if self.made else self.model_admin.list_url()


class WithdrawDeclaration(ActionPage):
    """Take back a declared group that was never pushed."""

    name = "withdraw"
    label = "Withdraw declaration"
    action = Action.MANAGE_MAPPINGS
    icon = "delete"
    danger = True
    explanation = "The declaration and its mappings go. Members of portal groups stay as they are."

    @classmethod
    def applies(cls, request: HttpRequest, obj: SSOGroup) -> bool:
        return obj.is_declared_only

    def run(self, form: Form) -> str:
        name = str(self.obj)
        sso_groups.withdraw_declaration(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"The declaration of {name} was withdrawn."


# --- mapping: choose, look, apply ---


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
        join_count=preview.joins.count(),
        leave_count=preview.leaves.count(),
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


# --- SSO groups ---


class StateFilter(RadioFilter):
    """What became of an SSO group."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("mapped", "Mapped"), ("unmapped", "Unmapped"), ("declared", "Declared, not pushed yet")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[SSOGroup]:
        match self.value():
            case "mapped":
                return queryset.filter(pk__in=GroupMapping.objects.values("sso_group"))  # type: ignore[no-any-return]
            case "unmapped":
                return queryset.unmapped()  # type: ignore[no-any-return]
            case "declared":
                return queryset.filter(pushed_at=None)  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Target:
    """A mapping as its SSO group's page shows it."""

    mapping: GroupMapping
    applied: int


def _applied(mapping: GroupMapping) -> int:
    members = User.objects.filter(memberships__group=mapping.group_id).values("pk")
    return SSOMembership.objects.filter(sso_group=mapping.sso_group_id, sso_user__user__in=members).count()


@admin.register(SSOGroup)
class SSOGroupAdmin(PortalModelAdmin):
    """Groups as identity providers push them, mapped or not (R14)."""

    pages = (DeclareSSOGroup, MapSSOGroup, WithdrawDeclaration, ApplyMapping)
    list_display = ("display_name", "state", "mapped_to", "identity_provider", "members_count", "changed")
    list_filter: ClassVar = (StateFilter, ("identity_provider", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("identity_provider",)
    search_fields = ("display_name",)
    search_help_text = "Name or external id"
    ordering = ("display_name_key", "id")
    change_list_template = "admin/identity/ssogroup/list.html"
    detail_template = "admin/identity/ssogroup/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SSOGroup]:
        members = SSOMembership.objects.filter(sso_group=OuterRef("pk"))
        rows: QuerySet[SSOGroup] = super().get_queryset(request)
        return rows.annotate(number_of_members=count_of(members)).prefetch_related("mappings__group")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SSOGroup], search_term: str
    ) -> tuple[QuerySet[SSOGroup], bool]:
        if search_term:
            named = Q(display_name_key__contains=fold(search_term).strip())
            queryset = queryset.filter(named | Q(external_id=search_term.strip()))
        return queryset, False

    @display(description="State")
    def state(self, sso_group: SSOGroup) -> str:
        return state_badge(sso_group)

    @display(description="Mapped to")
    def mapped_to(self, sso_group: SSOGroup) -> str:
        return ", ".join(str(mapping.group) for mapping in sso_group.mappings.all()) or "–"

    @display(description="Last changed", ordering="modified_at")
    def changed(self, sso_group: SSOGroup) -> str:
        return moment(sso_group.modified_at)

    @display(description="Members", ordering="number_of_members")
    def members_count(self, sso_group: SSOGroup) -> int:
        return sso_group.number_of_members  # type: ignore[attr-defined, no-any-return]

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        targets = obj.mappings.select_related("group", "sso_group", "created_by")
        rows = obj.memberships.select_related("sso_user__user").order_by(_member_order(obj))
        q = searched(request)
        if q:
            rows = rows.filter(sso_user__user_name_key__startswith=fold(q).strip())
        return {
            "state": state_badge(obj),
            "targets": [Target(mapping, _applied(mapping)) for mapping in targets],
            "members_count": obj.number_of_members,
            "may_map": bool(decide(request, Action.MANAGE_MAPPINGS)),
            "q": q,
            "slice": page_of(request, rows),
        }


def _member_order(sso_group: Any) -> str:
    return "sso_user__user_name_key" if sso_group.number_of_members <= 20_000 else "sso_user_id"


def state_badge(sso_group: SSOGroup) -> str:
    """Mapped, Unmapped or Declared."""
    if sso_group.is_declared_only:
        return badge("Declared", "blue")
    return badge("Mapped", "green") if sso_group.mappings.all() else badge("Unmapped", "amber")


@admin.register(GroupMapping)
class GroupMappingAdmin(PortalModelAdmin):
    """All mappings in one list; each is shown on the page of its portal group."""

    pages = (Unmap,)
    list_display = ("source", "target", "provider", "completeness", "created_by", "since")
    list_select_related = ("sso_group__identity_provider", "group", "created_by")
    search_fields = ("group__name",)
    search_help_text = "Name of the SSO group or of the portal group"
    sortable_by = ()
    change_list_template = "admin/identity/groupmapping/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupMapping]:
        pushed = SSOMembership.objects.filter(sso_group=OuterRef("sso_group"))
        applied = pushed.filter(sso_user__user__memberships__group=OuterRef("group"))
        rows: QuerySet[GroupMapping] = super().get_queryset(request)
        return rows.annotate(pushed=count_of(pushed), applied=count_of(applied))

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

    @display(description="Applied / pushed")
    def completeness(self, mapping: Any) -> str:
        colour = "green" if mapping.applied == mapping.pushed else "amber"
        return badge(f"{mapping.applied} of {mapping.pushed}", colour)

    @display(description="Since")
    def since(self, mapping: GroupMapping) -> str:
        return moment(mapping.created_at)

    @display(description="Identity provider")
    def provider(self, mapping: GroupMapping) -> IdentityProvider:
        return mapping.sso_group.identity_provider

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        mapping = self.get_object_or_404(request, object_id)
        return HttpResponseRedirect(reverse("admin:identity_group_change", args=(mapping.group_id,)))


# --- SSO users ---


class ActiveFilter(DropdownFilter):
    """What the identity provider last said."""

    title = "sent as"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Active"), ("0", "Inactive")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[SSOUser]:
        if self.value() in {"0", "1"}:
            return queryset.filter(active=self.value() == "1")  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute on both sides of the bridge."""

    label: str
    sent: str
    kept: str
    differs: bool


def both_sides(sso_user: SSOUser) -> list[Attribute]:
    """What the IdP says and what the portal has (R2: username and email stay as first provisioned)."""
    user = sso_user.user
    name = sso_user.attributes.get("name") or {}
    pairs = [
        ("Username", sso_user.user_name, user.username, sso_user.user_name_key != user.username_key),
        ("Email", sso_user.email or "", user.email or "", sso_user.email_key != user.email_key),
        ("First name", str(name.get("givenName") or ""), user.first_name, None),
        ("Last name", str(name.get("familyName") or ""), user.last_name, None),
        ("Status", "Active" if sso_user.active else "Inactive", Status(user.status).label, None),
    ]
    said_active = user.status == Status.ENABLED
    differing = {"Status": sso_user.active != said_active}
    return [
        Attribute(label, sent, kept, differing.get(label, sent != kept) if differs is None else differs)
        for label, sent, kept, differs in pairs
    ]


@admin.register(SSOUser)
class SSOUserAdmin(PortalModelAdmin):
    """People as identity providers sent them; only their provisioning changes these."""

    list_display = ("user_name", "portal_user", "status", "identity_provider", "external_id", "changed")
    list_filter: ClassVar = (ActiveFilter, ("identity_provider", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("user", "identity_provider")
    search_fields = ("user_name",)
    search_help_text = "Username, email or name begins with … (or an exact external id)"
    ordering = ("-id",)
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/identity/ssouser/list.html"
    detail_template = "admin/identity/ssouser/detail.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SSOUser], search_term: str
    ) -> tuple[QuerySet[SSOUser], bool]:
        text = search_term.strip()
        if text:
            sent = Q(user_name_key__startswith=fold(text)) | Q(external_id=text)
            queryset = queryset.filter(sent | Q(user__in=User.objects.search(text).values("pk")))
        return queryset, False

    @display(description="Last changed")
    def changed(self, sso_user: SSOUser) -> str:
        return moment(sso_user.modified_at)

    @display(description="Portal user")
    def portal_user(self, sso_user: SSOUser) -> User:
        return sso_user.user

    @display(description="Status")
    def status(self, sso_user: SSOUser) -> str:
        status = Status(sso_user.user.status)
        return badge(status.label, STATUS_COLOURS[status])

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "both_sides": both_sides(obj),
            "sso_groups": obj.sso_groups.prefetch_related("mappings__group")[:NAMES_SHOWN],
        }
