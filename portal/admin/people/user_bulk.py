"""The same actions for several people at once, ticked in a list."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property

from identity import policy
from identity.core.decisions import Decision
from identity.core.errors import Refused
from identity.models import BulkRow, BulkRun, User
from identity.services import bulk_runs
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of, situation_of
from portal.admin.frame.parts import is_key
from portal.admin.people.user_groups import ChooseGroups

MOST_AT_ONCE = 200


class BulkPage(ActionPage):
    """An action on the people named by `?ids=`, so that the confirmation can be reloaded and shared.

    Confirming creates a BulkRun: its page shows the progress and the result for each person.
    """

    of_list = True
    has_button = False  # in the list's menu of actions
    kind: ClassVar[BulkRun.Kind]
    bulk_run: BulkRun | None = None

    @classmethod
    def decide(cls, request: HttpRequest, obj: Any) -> Decision:
        """By role; each person is decided separately."""
        return policy.by_role(bulk_runs.ACTIONS[cls.kind], person_of(request))

    @cached_property
    def is_everybody(self) -> bool:
        """Whether it covers everyone who matches the list's filters, instead of the people ticked."""
        return self.request.GET.get("all") == "1"

    @cached_property
    def people(self) -> list[User]:
        rows = self._matching() if self.is_everybody else self._ticked()
        return list(rows.select_related("managed_by")[: bulk_runs.MOST_ROWS + 1])

    def _ticked(self) -> QuerySet[User]:
        ids = [int(text) for text in self.request.GET.get("ids", "").split(",") if is_key(text)]
        people: QuerySet[User] = User.objects.filter(pk__in=ids[:MOST_AT_ONCE])
        return people

    def _matching(self) -> QuerySet[User]:
        """The list under the filters in `?of=`; empty if they are invalid."""
        request = copy(self.request)
        request.GET = QueryDict(self.request.GET.get("of", ""))
        try:
            rows = self.model_admin.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            nobody: QuerySet[User] = User.objects.none()
            return nobody
        return self.people_in(rows)

    def people_in(self, rows: QuerySet[Any]) -> QuerySet[User]:
        """The people of the list's rows."""
        return rows.prefetch_related(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        of = self.request.GET.get("of")
        everybody = "" if self.is_everybody or of is None else f"?{urlencode({'all': 1, 'of': of})}"
        return super().get_context_data(everybody_url=everybody, is_everybody=self.is_everybody, **kwargs)

    def start(self, wanted: list[bulk_runs.Wanted], values: dict[str, Any] | None = None) -> str:
        """Start it and do what fits into the response time; returns the sentence on its progress."""
        actor = person_of(self.request)
        self.bulk_run = bulk_runs.create_run(self.kind, wanted, values=values, actor=actor)
        bulk_runs.begin(self.bulk_run, actor=actor)
        return summary(self.bulk_run)

    def get_success_url(self) -> str:
        if self.bulk_run is None:
            return super().get_success_url()
        return reverse("admin:identity_bulkrun_change", args=(self.bulk_run.pk,))


def summary(run: BulkRun) -> str:
    """How many rows had which result."""
    outcomes = list(run.rows.values_list("outcome", flat=True))
    parts = [f"{outcomes.count(value)} {str(label).lower()}" for value, label in BulkRow.Outcome.choices]
    return f"{run}: {', '.join(part for part in parts if not part.startswith('0 '))}."


def ask(request: HttpRequest, page: str, people: Iterable[int]) -> HttpResponse:
    """To the confirmation page, which names the people; nothing is written before its own POST.

    The list's filters are passed on, so that it can offer everyone who matches them.
    """
    ids = ",".join(map(str, people))
    query = urlencode({"ids": ids, "of": request.GET.urlencode()}, safe=",")
    return HttpResponseRedirect(f"{reverse(page)}?{query}")


class BulkStatus(BulkPage):
    """Some may be changed, some not; the page shows both before anything happens."""

    template_name = "admin/portal/bulk.html"
    done: ClassVar[str]

    @cached_property
    def rows(self) -> list[bulk_runs.Wanted]:
        """The people who are changed, then those who are skipped."""
        now = situation_of(self.request)
        rows = bulk_runs.rows_for(self.kind, self.people, actor=person_of(self.request), now=now)
        return sorted(rows, key=lambda row: row.outcome == BulkRow.Outcome.LEFT_ALONE)

    @cached_property
    def left_alone(self) -> list[bulk_runs.Wanted]:
        return [row for row in self.rows if row.outcome == BulkRow.Outcome.LEFT_ALONE]

    @cached_property
    def changing(self) -> list[User]:
        return [row.user for row in self.rows if row.user and row.outcome == BulkRow.Outcome.PENDING]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request, *args, **kwargs) if self.changing else self._nobody()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs) if self.changing else self._nobody()

    def _nobody(self) -> HttpResponse:
        return self.refused(f"None of the chosen people can be {self.done} here.", 403)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"changing": self.changing[:MOST_AT_ONCE], "left_alone": self.left_alone[:MOST_AT_ONCE]}
        numbers = {"number": len(self.changing), "number_left": len(self.left_alone)}
        return super().get_context_data(done=self.done, **shown, **numbers, **kwargs)

    def run(self, form: Form) -> str:
        """Each person is a separate transaction: one refusal does not undo the others."""
        return self.start(self.rows)


class BulkEnable(BulkStatus):
    """Restore several people's access."""

    name = "bulk_enable"
    label = "Enable users"
    icon = "check_circle"
    kind = BulkRun.Kind.ENABLE
    done = "enabled"
    explanation = "They can sign in again, with the groups and assets that their accounts still have."


class BulkDisable(BulkStatus):
    """End the access of several people."""

    name = "bulk_disable"
    label = "Disable users"
    icon = "block"
    danger = True
    kind = BulkRun.Kind.DISABLE
    done = "disabled"
    explanation = "They lose access at once. Groups and assets stay, and the accounts can be enabled again."


class BulkAddToGroups(ChooseGroups, BulkPage):
    """Add several people to several groups."""

    name = "bulk_add_to_groups"
    label = "Add users to groups"
    kind = BulkRun.Kind.ADD_TO_GROUPS

    def run(self, form: Any) -> str:
        if not self.people:
            raise Refused("Choose people in the list first.")
        chosen = list(form.cleaned_data["groups"])
        return self.start([bulk_runs.Wanted(user) for user in self.people], {"groups": [group.pk for group in chosen]})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(people=self.people[:MOST_AT_ONCE], number=len(self.people), **kwargs)
