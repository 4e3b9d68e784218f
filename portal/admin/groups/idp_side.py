"""The identity providers' side: SSO groups with their mappings, and SSO users as they were sent."""

from __future__ import annotations

from itertools import chain
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import CharField, Form, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.models import GroupMapping, IdentityProvider, SSOGroup, SSOMembership, SSOUser, Status, User
from identity.queries.completeness import MOST_ON_A_PAGE, completeness_of
from identity.queries.differences import both_sides, differences
from identity.queries.external_ids import sharing_external_id
from identity.queries.record import everything_sent
from identity.services.provisioning import groups as sso_groups
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import decide, mode_of, person_of
from portal.admin.frame.parts import badge, moment, named, page_of, searched
from portal.admin.groups.mappings import ApplyMapping, ApplyMappingCSV, MapSSOGroup
from portal.admin.groups.sized_lists import SizedAdmin

NAMES_SHOWN = 100
MOST_FOUND = 2_000
CHOICES = 25
STATUS_COLOURS = {Status.ENABLED: "green", Status.DISABLED: "red", Status.INVITED: "blue"}


# --- declaring ---


class DeclarationForm(Form):
    """The name of a group that an identity provider will push."""

    identity_provider = ModelChoiceField(IdentityProvider.objects.all(), empty_label="Choose …")
    name = CharField(
        max_length=255, help_text="Exactly as the identity provider will push it; upper and lower case are one."
    )


class DeclareSSOGroup(ActionPage):
    """Declare an SSO group, so that it can be mapped before its first push (R19)."""

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

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.decide(request, None) and not IdentityProvider.objects.exists():
            return self.refused("Add an identity provider first: a group is declared for one.", 200)
        return super().get(request, *args, **kwargs)

    def run(self, form: DeclarationForm) -> str:
        provider, name = form.cleaned_data["identity_provider"], form.cleaned_data["name"]
        self.made = sso_groups.declare_sso_group(provider, name=name, actor=person_of(self.request))
        return f"SSO group {name} was declared. It waits for its first push by {provider}."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.made) if self.made else self.model_admin.list_url()


class WithdrawDeclaration(ActionPage):
    """Withdraw a declared group that was never pushed."""

    name = "withdraw"
    label = "Withdraw declaration"
    action = Action.WITHDRAW_SSO_GROUP
    icon = "delete"
    danger = True
    explanation = "The declaration and its mappings go. Members of portal groups stay as they are."

    def run(self, form: Form) -> str:
        name = str(self.obj)
        sso_groups.withdraw_declaration(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"The declaration of {name} was withdrawn."


# --- SSO groups ---


class StateFilter(RadioFilter):
    """The state of an SSO group."""

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


@admin.register(SSOGroup)
class SSOGroupAdmin(SizedAdmin):
    """Groups as identity providers push them, mapped or not (R14)."""

    memberships, membership_of = SSOMembership, "sso_group"
    pages = (DeclareSSOGroup, MapSSOGroup, WithdrawDeclaration, ApplyMapping, ApplyMappingCSV)
    list_display = ("display_name", "state", "mapped_to", "identity_provider", "members_count", "changed")
    list_filter: ClassVar = (StateFilter, ("identity_provider", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("identity_provider",)
    list_prefetch_related = ("mappings__group",)
    search_fields = ("display_name",)
    search_help_text = "Name or external id"
    ordering = ("display_name_key", "id")
    change_list_template = "admin/identity/ssogroup/list.html"
    detail_template = "admin/identity/ssogroup/detail.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SSOGroup], search_term: str
    ) -> tuple[QuerySet[SSOGroup], bool]:
        if search_term:
            named = Q(display_name_key__contains=sought(search_term))
            queryset = queryset.filter(named | Q(external_id=search_term.strip()))
        return queryset, False

    @display(description="State")
    def state(self, sso_group: SSOGroup) -> str:
        return state_badge(sso_group)

    @display(description="Mapped to")
    def mapped_to(self, sso_group: SSOGroup) -> str:
        return named(mapping.group for mapping in sso_group.mappings.all()) or "–"

    @display(description="Last changed", ordering="modified_at")
    def changed(self, sso_group: SSOGroup) -> str:
        return moment(sso_group.modified_at)

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        q = searched(request)
        rows = _found(obj, sought(q)) if q else obj.memberships.order_by(_member_order(obj))
        return {
            "state": state_badge(obj),
            "targets": completeness_of(
                obj.mappings.select_related("group", "sso_group", "created_by"), most=MOST_ON_A_PAGE
            ),
            "members_count": self.members_count(obj),
            "scim_enabled": mode_of(request).scim_enabled,
            "may_map": bool(decide(request, Action.MANAGE_MAPPINGS)),
            "q": q,
            "slice": page_of(request, rows.select_related("sso_user__user")),
        }


def _found(sso_group: SSOGroup, key: str) -> QuerySet[SSOMembership]:
    """The members whose userName begins with `key`, by name; naming the provider lets its index of names be used."""
    rows: QuerySet[SSOMembership] = sso_group.memberships.order_by("sso_user__user_name_key")
    provider = sso_group.identity_provider_id
    return rows.filter(sso_user__identity_provider=provider, sso_user__user_name_key__startswith=key)


def _member_order(sso_group: Any) -> str:
    return "sso_user__user_name_key" if sso_group.number_of_members <= 20_000 else "sso_user_id"


def state_badge(sso_group: SSOGroup) -> str:
    """Mapped, Unmapped or Declared."""
    if sso_group.is_declared_only:
        return badge("Declared", "blue")
    return badge("Mapped", "green") if sso_group.mappings.all() else badge("Unmapped", "amber")


# --- SSO users ---


class ActiveFilter(DropdownFilter):
    """What the identity provider last sent."""

    title = "sent as"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Active"), ("0", "Inactive")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[SSOUser]:
        if self.value() in {"0", "1"}:
            return queryset.filter(active=self.value() == "1")  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


def _called(rows: QuerySet[SSOUser], text: str) -> set[int]:
    """The rows whose names begin with `text` or whose external id it is; at most `MOST_FOUND`.

    All providers are named, since names are unique within one, and so are their indexes.
    """
    providers = list(IdentityProvider.objects.values_list("pk", flat=True))
    sent = Q(user_name_key__startswith=sought(text)) | Q(external_id=text)
    kinds = (Q(sent, identity_provider__in=providers), Q(user__in=User.objects.search(text).order_by().values("pk")))
    found = (rows.filter(kind).order_by().values_list("pk", flat=True)[:MOST_FOUND] for kind in kinds)
    return set(chain.from_iterable(found))


@admin.register(SSOUser)
class SSOUserAdmin(PortalModelAdmin):
    """People as identity providers sent them; only provisioning changes these."""

    seen_by = Action.VIEW_PROVIDERS
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
            queryset = queryset.filter(pk__any_of=sorted(_called(queryset, text)))
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
            "both_sides": (rows := both_sides(obj)),
            "reasons": differences(rows, obj, obj.user.conflicts.all()),
            "sent": everything_sent(obj),
            "sharing": sharing_external_id(obj),
            "sso_groups": obj.sso_groups.prefetch_related("mappings__group")[:NAMES_SHOWN],
        }
