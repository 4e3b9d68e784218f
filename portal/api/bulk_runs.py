"""Bulk actions: one action on many people, each with their own result."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import OuterRef, QuerySet
from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.db.counting import count_of
from identity.models import BulkRow, BulkRun, Group, User
from identity.services import bulk_runs, invitations
from identity.services.bulk_runs import MOST_ROWS, Wanted
from portal.api.fields import Said, UserRef, key
from portal.api.named_rows import row_of, rows_of
from portal.api.operations import operation
from portal.api.views import Resources

Kind, Outcome = BulkRun.Kind, BulkRow.Outcome
COUNTED = {f"number_{outcome.value}": outcome for outcome in Outcome}


class BulkRunAnswer(serializers.ModelSerializer):
    """A bulk action, and its results so far. A draft does nothing before it is started."""

    started_by = UserRef(read_only=True, allow_null=True, help_text="Null: a command, or a deleted user.")
    groups = serializers.SerializerMethodField(help_text="To which people are added, if it adds them.")
    pending = serializers.IntegerField(source="number_pending")
    done = serializers.IntegerField(source="number_done")
    refused = serializers.IntegerField(source="number_refused")
    left_alone = serializers.IntegerField(source="number_left_alone")

    class Meta:
        model = BulkRun
        fields = (
            "id",
            "kind",
            "is_draft",
            "started_by",
            "created_at",
            "groups",
            "pending",
            "done",
            "refused",
            "left_alone",
        )

    def get_groups(self, run: BulkRun) -> list[int]:
        return run.values.get("groups", [])  # type: ignore[no-any-return]


class PersonSaid(Said):
    """A person to invite."""

    username = serializers.CharField(max_length=255)
    email = serializers.CharField(max_length=255)
    first_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=255, required=False, allow_blank=True)


class BulkRunSaid(Said):
    """`users` for everything but an invitation, which takes `people`; `groups` to add to."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    users = serializers.ListField(child=key(), min_length=1, max_length=MOST_ROWS, required=False)
    people = serializers.ListField(child=PersonSaid(), min_length=1, max_length=MOST_ROWS, required=False)
    groups = serializers.ListField(child=key(), min_length=1, max_length=100, required=False)
    is_draft = serializers.BooleanField(required=False, default=False, help_text="Look at it first, then start it.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        """Each kind gets what it needs, and nothing else."""
        needed = {"people"} if said["kind"] == Kind.INVITE else {"users"}
        needed |= {"groups"} if said["kind"] == Kind.ADD_TO_GROUPS else set()
        given = {"users", "people", "groups"} & said.keys()
        wrong = {name: ["is required for this kind."] for name in needed - given}
        wrong |= {name: ["is not for this kind."] for name in given - needed}
        if wrong:
            raise serializers.ValidationError(wrong)
        return said


class BulkRunFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Kind.choices)
    started_by = filters.ModelChoiceFilter(queryset=User.objects.all())


def _with_numbers(rows: QuerySet[BulkRun]) -> QuerySet[BulkRun]:
    mine = BulkRow.objects.filter(run=OuterRef("pk"))
    return rows.annotate(**{name: count_of(mine.filter(outcome=outcome)) for name, outcome in COUNTED.items()})


def _wanted(said: dict[str, Any], actor: Person) -> list[Wanted]:
    if "users" in said:
        return bulk_runs.rows_for(Kind(said["kind"]), rows_of(User, said["users"], "users"), actor=actor)
    people = [{"first_name": "", "last_name": "", **person} for person in said["people"]]
    refusals = invitations.check_invitations(people)
    return [bulk_runs.to_invite(person, refusal) for person, refusal in zip(people, refusals, strict=True)]


class BulkRuns(Resources):
    """Actions on many people."""

    tag = "Bulk actions"
    seen_by = Action.VIEW_BULK_RUNS
    queryset = _with_numbers(BulkRun.objects.select_related("started_by"))
    serializer_class = BulkRunAnswer
    filterset_class = BulkRunFilter
    default_ordering = "-id"

    @operation("list_bulk_runs", answer=BulkRunAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List bulk actions, newest first."""
        return self.page()

    @operation("get_bulk_run", answer=BulkRunAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a bulk action, and its results so far."""
        return self.answer(self.get_object())

    @operation("create_bulk_run", body=BulkRunSaid, answer=BulkRunAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Apply one action to many people.

        Each is a separate change: people who can't be changed are skipped with the reason, the others are done. What
        fits into a few seconds is done before the response. A worker does the rest if there is one; otherwise
        continue it until nothing is pending.
        """
        said = self.said
        kind, is_draft = Kind(said["kind"]), said["is_draft"]
        groups = rows_of(Group, said.get("groups", []), "groups")
        values = {"groups": [group.pk for group in groups]} if groups else None
        run = bulk_runs.create_run(kind, _wanted(said, self.actor), values=values, is_draft=is_draft, actor=self.actor)
        if not is_draft:
            bulk_runs.begin(run, actor=self.actor)
        return self.answer_anew(run, 201)

    @operation("start_bulk_run", answer=BulkRunAnswer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: int) -> Response:
        """Start a draft. The rest of it is done in your name."""
        return self.answer_anew(bulk_runs.begin_draft(self.get_object(), actor=self.actor))

    @operation("continue_bulk_run", answer=BulkRunAnswer)
    @action(detail=True, methods=["post"], url_path="continue")
    def go_on(self, request: Request, pk: int) -> Response:
        """Do what is pending in your name, for a few seconds at most."""
        run = self.get_object()
        policy.require(Action.CONTINUE_RUN, actor=self.actor, run=run)
        bulk_runs.work_on(run, actor=self.actor)
        return self.answer_anew(run)

    @operation("discard_bulk_run", status=204)
    def destroy(self, request: Request, pk: int) -> Response:
        """Discard a draft. A started run stays."""
        bulk_runs.discard_draft(self.get_object(), actor=self.actor)
        return Response(status=204)


class BulkRowAnswer(serializers.ModelSerializer):
    """One person in a bulk action, and the result."""

    user = UserRef(read_only=True, allow_null=True)
    username = serializers.CharField(read_only=True, help_text="As it is here, or as it was said.")
    result = serializers.CharField(read_only=True, help_text="In words; empty while it is pending.")
    code = serializers.SerializerMethodField(help_text="Of a refusal: stable, for machines.")

    class Meta:
        model = BulkRow
        fields = ("position", "user", "username", "outcome", "code", "result")

    def get_code(self, row: BulkRow) -> str:
        return (row.told or {}).get("code", "")  # type: ignore[no-any-return]


class BulkRowFilter(filters.FilterSet):
    outcome = filters.ChoiceFilter(choices=Outcome.choices)


class BulkRows(Resources):
    """The people in one bulk action."""

    tag = "Bulk actions"
    seen_by = Action.VIEW_BULK_RUNS
    queryset = BulkRow.objects.select_related("user__invitation", "run")
    serializer_class = BulkRowAnswer
    filterset_class = BulkRowFilter
    orderings: ClassVar[dict[str, str]] = {"position": "position"}
    default_ordering = "position"

    @cached_property
    def run(self) -> BulkRun:
        return row_of(BulkRun, self.kwargs["run_id"])

    def get_queryset(self) -> QuerySet[BulkRow]:
        return super().get_queryset().filter(run=self.run)

    @operation("list_bulk_rows", answer=BulkRowAnswer, is_list=True)
    def list(self, request: Request, run_id: int) -> HttpResponseBase:
        """List the people in a bulk action, and each result."""
        return self.page()
