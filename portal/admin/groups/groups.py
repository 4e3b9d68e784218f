"""Portal groups: who is in them and why, which SSO groups feed them, and their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import CharField, Form, Textarea
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.contrib.filters.admin import RadioFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db.counting import MOST, up_to
from identity.models import Group, GroupMapping, Membership, SSOGroup, User
from identity.models.users import matching
from identity.queries.completeness import MOST_ON_A_PAGE, completeness_of
from identity.queries.reasons import members_with_reasons, with_adders
from identity.services import groups
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import decide, mode_of, person_of
from portal.admin.frame.parts import AboutPerson, ChoosePeople, badge, named, page_of, searched
from portal.admin.groups.sized_lists import SizedAdmin

if TYPE_CHECKING:
    pass


class GroupForm(Form):
    """A group's name and description."""

    name = CharField(max_length=255)
    description = CharField(max_length=500, required=False, widget=Textarea({"rows": 3}))


class AddGroup(ActionPage):
    """Create an empty, unmapped portal group."""

    name = "add"
    label = "Create group"
    action = Action.MANAGE_GROUPS
    icon = "add"
    of_list = True
    form_class = GroupForm
    explanation = "The group starts empty. Add members yourself, or map an SSO group to it."
    made: Group | None = None

    def run(self, form: GroupForm) -> str:
        self.made = groups.create_group(**form.cleaned_data, actor=person_of(self.request))
        return f"Group {self.made} was created."

    def get_success_url(self) -> str:
        return self.model_admin.detail_url(self.made) if self.made else self.model_admin.list_url()


class EditGroup(ActionPage):
    """Rename or describe a group (R16: SCIM is unaffected)."""

    name = "edit"
    label = "Edit"
    action = Action.MANAGE_GROUPS
    form_class = GroupForm
    submit = "Save"
    explanation = "Renaming changes nothing for your identity provider: mappings follow by themselves."

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.obj.name, "description": self.obj.description}

    def run(self, form: GroupForm) -> str:
        groups.edit_group(self.obj, **form.cleaned_data, actor=person_of(self.request))
        return "The group was saved."


class DeleteGroup(ActionPage):
    """Delete a portal group with its mappings (R18)."""

    name = "delete"
    label = "Delete"
    action = Action.MANAGE_GROUPS
    icon = "delete"
    danger = True
    submit = "Delete this group"
    template_name = "admin/identity/group/delete.html"

    def run(self, form: Form) -> str:
        name = str(self.obj)
        groups.delete_group(self.obj, actor=person_of(self.request))
        self.obj.pk = None
        return f"Group {name} was deleted."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            title=f"Delete {self.obj}?",
            members_count=up_to(MOST, self.obj.memberships.values("pk")[: MOST + 1].count()) if self.obj.pk else "",
            mappings=_mappings_of(self.obj) if self.obj.pk else [],
            **kwargs,
        )


class AddMembers(ChoosePeople):
    """Add people to a group that no mapping feeds while SCIM is on."""

    name = "add_members"
    label = "Add members"
    action = Action.CHANGE_MEMBERS
    submit = "Add to the group"

    def here_already(self, people: list[User]) -> set[int]:
        """Checked only for search results: finding the non-members of a group of everyone would take long."""
        return set(self.obj.memberships.filter(user__in=people).values_list("user", flat=True))

    def run(self, form: Any) -> str:
        added = groups.add_members(self.obj, form.cleaned_data["users"], actor=person_of(self.request))
        return f"{added} {'person was' if added == 1 else 'people were'} added to {self.obj}."


class RemoveMember(AboutPerson):
    """Remove one person from a group that no mapping feeds while SCIM is on."""

    name = "remove_member"
    label = "Remove from group"
    action = Action.CHANGE_MEMBERS
    icon = "person_remove"
    danger = True
    explanation = "The person keeps the account, the assets and all other groups."

    def run(self, form: Form) -> str:
        groups.remove_members(self.obj, [self.person], actor=person_of(self.request))
        return f"{self.person.display_name} was removed from {self.obj}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Remove {self.person.display_name} from {self.obj}?"
        return super().get_context_data(title=title, **kwargs)


class MapFromGroup(ActionPage):
    """Choose the SSO group to feed this portal group; its own preview follows."""

    name = "map_from"
    label = "Map an SSO group"
    action = Action.MANAGE_MAPPINGS
    icon = "sync_alt"
    template_name = "admin/identity/group/map_from.html"
    http_method_names = ("get", "head", "options")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        q = searched(self.request)
        found = SSOGroup.objects.exclude(mappings__group=self.obj).select_related("identity_provider")
        if q:
            found = found.filter(display_name_key__contains=sought(q))
        rows = list(found[: _CHOICES + 1])
        return super().get_context_data(sso_groups=rows[:_CHOICES], has_more=len(rows) > _CHOICES, q=q, **kwargs)


_CHOICES = 50


class MappedFilter(RadioFilter):
    """Whether an SSO group feeds the group."""

    title = "mapping"
    parameter_name = "mapping"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("mapped", "Mapped"), ("unmapped", "Unmapped")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Group]:
        match self.value():
            case "mapped":
                return queryset.mapped()  # type: ignore[no-any-return]
            case "unmapped":
                return queryset.unmapped()  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


def _mappings_of(group: Group) -> QuerySet[GroupMapping]:
    return group.mappings.select_related("sso_group__identity_provider", "group", "created_by")


@admin.register(Group)
class GroupAdmin(SizedAdmin):
    """Portal groups."""

    memberships, membership_of = Membership, "group"
    pages = (AddGroup, AddMembers, MapFromGroup, EditGroup, DeleteGroup, RemoveMember)
    list_display = ("shown_name", "members_count", "mapped_from")
    list_filter = (MappedFilter,)
    list_prefetch_related = ("mappings__sso_group",)
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = "Name or description"
    ordering = ("name_key",)
    change_list_template = "admin/identity/group/list.html"
    detail_template = "admin/identity/group/detail.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Group], search_term: str
    ) -> tuple[QuerySet[Group], bool]:
        if search_term:
            named = Q(name_key__contains=sought(search_term))
            queryset = queryset.filter(named | Q(description__icontains=search_term.strip()))
        return queryset, False

    @display(description="Name", ordering="name_key", header=True)
    def shown_name(self, group: Group) -> tuple[str, str]:
        return group.name, group.description

    @display(description="Mapped from")
    def mapped_from(self, group: Group) -> str:
        mappings = group.mappings.all()
        return named(mapping.sso_group for mapping in mappings) if mappings else badge("Unmapped")

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        members = _Members(request, obj)
        return {
            "feeds": completeness_of(_mappings_of(obj), most=MOST_ON_A_PAGE),
            "members_count": self.members_count(obj),
            "scim_enabled": mode_of(request).scim_enabled,
            "may_remove": bool(decide(request, Action.CHANGE_MEMBERS, group=obj)),
            "may_map": bool(decide(request, Action.MANAGE_MAPPINGS)),
            "remove_url": reverse(self.url_name(RemoveMember.name), args=(obj.pk,)),
            "q": members.query,
            "is_cut": members.is_cut,
            "slice": members.page,
            "members": members_with_reasons(obj, members.page.rows),
        }


MOST_SORTED = 5_000


class _Members:
    """The requested members: a page of those whose name begins with the search term."""

    def __init__(self, request: HttpRequest, group: Group) -> None:
        self.request, self.group = request, group
        self.query = searched(request)
        self.are_many: bool = group.number_of_members > MOST_SORTED  # type: ignore[attr-defined]

    @cached_property
    def page(self) -> Any:
        return page_of(self.request, with_adders(self._in_order()).select_related("user"))

    @property
    def is_cut(self) -> bool:
        """Whether the search finds more people than are shown for a very large group."""
        return bool(self.query) and self.are_many and len(self._namesakes) > MOST_SORTED

    @cached_property
    def _namesakes(self) -> list[int]:
        people: QuerySet[User] = User.objects.search(self.query).order_by()
        return list(people.values_list("pk", flat=True)[: MOST_SORTED + 1])

    def _in_order(self) -> QuerySet[Membership]:
        """By username; a very large group entirely in index order, which needs no sorting."""
        rows: QuerySet[Membership] = self.group.memberships.all()
        if not self.are_many:
            mine = rows.filter(user__id__among=rows.order_by().values("user")).order_by("user__username_key")
            return mine.filter(matching(self.query, "user__")) if self.query else mine
        if not self.query:
            return rows.order_by("user_id")
        return rows.filter(user__id__any_of=self._namesakes[:MOST_SORTED]).order_by("user__username_key")
