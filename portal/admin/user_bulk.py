"""The same for several people at once: those who were ticked in the list of users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from identity.errors import GatehouseError, Refused
from identity.models import Status, User
from identity.policy import Action, Decision
from identity.services import users
from portal.admin.base import ActionPage, decide, person_of
from portal.admin.parts import is_key
from portal.admin.user_groups import ChooseGroups

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Somebody whom the action will not touch, and why."""

    user: User
    reason: str


class BulkPage(ActionPage):
    """An action on the people whom `?ids=` names, so that the question can be reloaded and shared."""

    of_list = True

    @classmethod
    def applies(cls, request: HttpRequest, obj: Any) -> bool:
        """Offered in the list's menu of actions, not among its buttons."""
        return False

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """By role; each person's own answer comes with the person."""
        return decide(request, Action.VIEW_DIRECTORY)

    @cached_property
    def people(self) -> list[User]:
        ids = [int(text) for text in self.request.GET.get("ids", "").split(",") if is_key(text)]
        return list(User.objects.filter(pk__in=ids[:MOST_AT_ONCE]).select_related("managed_by"))


class BulkStatus(BulkPage):
    """Enable or disable: some may be, some not; the page names both before anything changes."""

    template_name = "admin/portal/bulk.html"
    done: ClassVar[str]
    status: ClassVar[Status]

    @cached_property
    def left_alone(self) -> list[LeftAlone]:
        answers = [(user, self._why_not(user)) for user in self.people]
        return [LeftAlone(user, reason) for user, reason in answers if reason]

    @cached_property
    def changing(self) -> list[User]:
        untouched = {left.user.pk for left in self.left_alone}
        return [user for user in self.people if user.pk not in untouched]

    def _why_not(self, user: User) -> str:
        if user.pk == self.request.user.pk:
            return "This is you."
        if user.status == self.status:
            return f"Is {Status(user.status).label.lower()} already."
        if user.status == Status.INVITED:
            return "Is invited: send the invitation again or revoke it instead."
        decision = decide(self.request, Action.SET_STATUS, user=user)
        return "" if decision else decision.reason

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request, *args, **kwargs) if self.changing else self._nobody()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs) if self.changing else self._nobody()

    def _nobody(self) -> HttpResponse:
        return self.refused(f"None of the chosen people can be {self.done} here.", 403)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(changing=self.changing, left_alone=self.left_alone, done=self.done, **kwargs)

    def change(self, user: User) -> object:
        """Call the service for one person."""
        raise NotImplementedError

    def run(self, form: Form) -> str:
        """Each person is a service call of their own: one refusal does not undo the others."""
        refused = [user for user in self.changing if not self._try(user)]
        number = len(self.changing) - len(refused)
        if not number:
            return ""
        return f"{number} {'user was' if number == 1 else 'users were'} {self.done}."

    def _try(self, user: User) -> bool:
        try:
            self.change(user)
        except GatehouseError as error:
            messages.error(self.request, f"{user.username}: {error.sentence}")
            return False
        return True


class BulkEnable(BulkStatus):
    """Let several people in again."""

    name = "bulk_enable"
    label = "Enable users"
    icon = "check_circle"
    status = Status.ENABLED
    done = "enabled"
    explanation = "They can sign in again, with the groups and assets that their accounts still have."

    def change(self, user: User) -> object:
        return users.enable_user(user, actor=person_of(self.request))


class BulkDisable(BulkStatus):
    """End the access of several people."""

    name = "bulk_disable"
    label = "Disable users"
    icon = "block"
    danger = True
    status = Status.DISABLED
    done = "disabled"
    explanation = "They lose access at once. Groups and assets stay, and the accounts can be enabled again."

    def change(self, user: User) -> object:
        return users.disable_user(user, actor=person_of(self.request))


class BulkAddToGroups(ChooseGroups, BulkPage):
    """Add several people to several groups."""

    name = "bulk_add_to_groups"
    label = "Add users to groups"

    def run(self, form: Any) -> str:
        if not self.people:
            raise Refused("Choose people in the list first.")
        added_to = self.add(self.people, form.cleaned_data["groups"])
        number = len(self.people)
        return f"{number} {'user is' if number == 1 else 'users are'} now in {added_to}."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(people=self.people, **kwargs)
