"""A user's groups, changed from the user's page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.forms import Form, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.functional import cached_property

from identity.core.decisions import Action
from identity.core.errors import GatehouseError, NotFound, Refused
from identity.core.keys import sought
from identity.models import Group, Membership, User
from identity.safeguards.asked import About
from identity.services import groups
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import mode_of, person_of
from portal.admin.frame.parts import Search, is_key, row_or_404

GROUPS_TO_CHOOSE_FROM = 25


class GroupsField(ModelMultipleChoiceField):
    """Groups by primary key; invalid keys match no group."""

    def clean(self, value: Any) -> Any:
        return super().clean([pk for pk in value or [] if is_key(pk)])


class GroupsForm(Form):
    """One or more groups, ticked in a list."""

    groups = GroupsField(queryset=Group.objects.all(), error_messages={"required": "Choose at least one group."})


class ChooseGroups(Search, ActionPage):
    """A page that searches groups by name and lists the results as check boxes; works without scripts.

    While SCIM is on, only unmapped ones are offered: the others follow their SSO groups (R15).
    """

    action = Action.CHANGE_MEMBERS  # for some group; each group is decided separately
    form_class = GroupsForm
    template_name = "admin/portal/choose_groups.html"
    icon = "group_add"
    submit = "Add to the chosen groups"

    def candidates(self) -> QuerySet[Group]:
        """The groups that may be chosen."""
        rows: QuerySet[Group] = Group.objects.order_by("name_key")
        if not mode_of(self.request).scim_enabled:
            return rows
        return rows.filter(mappings=None)

    def still_ticked(self) -> list[Group]:
        """The groups that stay ticked."""
        keys = self.ticked("groups")
        return list(self.candidates().filter(pk__in=keys)) if keys else []

    def found(self) -> list[Group]:
        rows = self.candidates()
        if self.query:
            rows = rows.filter(name_key__contains=sought(self.query))
        return list(rows[: GROUPS_TO_CHOOSE_FROM + 1])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found, chosen = ([], []) if kwargs.get("refusal") else (self.found(), self.still_ticked())
        return super().get_context_data(
            **self.search_context(),
            chosen=chosen,
            groups=list(dict.fromkeys([*chosen, *found[:GROUPS_TO_CHOOSE_FROM]])),
            has_more=len(found) > GROUPS_TO_CHOOSE_FROM,
            scim_enabled=mode_of(self.request).scim_enabled,
            **kwargs,
        )

    def add(self, people: Iterable[User], chosen: Iterable[Group]) -> str:
        """Each group is a separate service call; raises Refused if any was refused, and says what was done."""
        people = list(people)
        done, refused = [], []
        for group in chosen:
            try:
                groups.add_members(group, people, actor=person_of(self.request))
            except GatehouseError as error:
                refused.append(f"{group}: {error.sentence}")
            else:
                done.append(group.name)
        if refused:
            raise Refused(" ".join([*([f"Added to {', '.join(done)}."] if done else []), *refused]))
        return ", ".join(done)


class AddToGroups(ChooseGroups):
    """Add one user to several groups."""

    name = "add_to_groups"
    label = "Add to groups"

    @classmethod
    def about(cls, request: HttpRequest, obj: User | None) -> About:
        return {}

    def candidates(self) -> QuerySet[Group]:
        return super().candidates().exclude(pk__in=Membership.objects.filter(user=self.obj).values("group"))

    def run(self, form: Any) -> str:
        added_to = self.add([self.obj], form.cleaned_data["groups"])
        return f"{self.obj.username} is now in {added_to}."


class RemoveFromGroup(ActionPage):
    """End one membership, of the group in `?group=`; offered beside the group, not among the user's buttons."""

    name = "remove_from_group"
    label = "Remove from group"
    action = Action.CHANGE_MEMBERS
    has_button = False
    icon = "group_remove"
    danger = True
    explanation = "The person keeps the account, the assets and all other groups."

    @classmethod
    def about(cls, request: HttpRequest, obj: User | None) -> About:
        return {"group": _group_of(request)}

    @cached_property
    def group(self) -> Group:
        return _group_of(self.request)

    def run(self, form: Form) -> str:
        if not groups.remove_members(self.group, [self.obj], actor=person_of(self.request)):
            raise NotFound(f"{self.obj.username} is not in {self.group}.")
        return f"{self.obj.display_name} was removed from {self.group}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Remove {self.obj.display_name} from {self.group}?"
        return super().get_context_data(title=title, **kwargs)


def _group_of(request: HttpRequest) -> Group:
    rows: QuerySet[Group] = Group.objects.all()
    return row_or_404(rows, request.GET.get("group", ""))
