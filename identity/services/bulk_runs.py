"""One action on many people: each row is a service call in its own transaction, with its result stored beside it.

A door starts a run and calls `work_on` until nothing waits, or leaves the rest to a worker if there is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django_tasks import task

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action, Decision
from identity.core.errors import GatehouseError, NotFound, Refused
from identity.core.keys import sought
from identity.core.refusals import Refusal
from identity.db.locks import lock
from identity.log_words import refusal_as_data
from identity.models import BulkRow, BulkRun, Group, Status, User
from identity.safeguards.asked import Situation
from identity.safeguards.table import require_sense
from identity.services import background, groups, invitations, users

if TYPE_CHECKING:
    from identity.core.actors import Actor

Kind, Outcome = BulkRun.Kind, BulkRow.Outcome
Told = dict[str, Any]

MOST_ROWS = 10_000
SECONDS_OF_A_ROUND = 5.0  # of a worker; then it checks again that the person who started the run still may


# What each kind does to each person.
ACTIONS = {
    Kind.ENABLE: Action.ENABLE,
    Kind.DISABLE: Action.DISABLE,
    Kind.ADD_TO_GROUPS: Action.CHANGE_MEMBERS,
    Kind.INVITE: Action.INVITE,
    Kind.RESEND_INVITATION: Action.RESEND_INVITATION,
    Kind.REVOKE_INVITATION: Action.REVOKE_INVITATION,
}


def decide(kind: BulkRun.Kind, user: User, *, actor: Actor, now: Situation | None = None) -> Decision:
    """Whether a run of this kind may change this person; the person who starts it is always skipped."""
    if kind in {Kind.ENABLE, Kind.DISABLE} and actor.kind == "user" and actor.id == user.pk:
        return Decision(False, "own_account", Refusal.OWN_ACCOUNT_IN_RUN())
    return policy.decide(ACTIONS[kind], actor=actor, now=now, user=user)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row to create: a portal user, or a person from a file; one with a sentence is already decided.

    `position` is the line of the file, ascending; without it the rows are numbered.
    """

    user: User | None = None
    values: dict[str, str] = field(default_factory=dict)
    outcome: BulkRow.Outcome = Outcome.PENDING
    sentence: str = ""
    position: int = 0


def rows_for(kind: BulkRun.Kind, people: Iterable[User], *, actor: Actor, now: Situation | None = None) -> list[Wanted]:
    """A row for each of these people; those a run of this kind would not change are skipped, with the reason.

    Adding to groups is checked for each group.
    """
    if kind is Kind.ADD_TO_GROUPS:
        return [Wanted(user) for user in people]
    now = now or Situation()
    answers = [(user, decide(kind, user, actor=actor, now=now)) for user in people]
    return [
        Wanted(user) if found and found.fits else Wanted(user, outcome=Outcome.LEFT_ALONE, sentence=found.reason)
        for user, found in answers
    ]


def to_invite(person: dict[str, str], refusal: str, *, position: int = 0) -> Wanted:
    """A row for a person to invite; with a refusal (`invitations.check_invitations`) it is decided already."""
    outcome = Outcome.REFUSED if refusal else Outcome.PENDING
    return Wanted(values=person, outcome=outcome, sentence=refusal, position=position)


@transaction.atomic
def create_run(
    kind: BulkRun.Kind,
    wanted: Iterable[Wanted],
    *,
    values: dict[str, Any] | None = None,
    is_draft: bool = False,
    actor: Actor,
) -> BulkRun:
    """Create a run with a row for each person; nothing is changed yet. Refused if the mode would refuse every row."""
    starter = getattr(actor, "user", None)
    run = BulkRun(kind=kind, values=values or {}, started_by=starter, is_draft=is_draft)
    policy.require(Action.MANAGE_BULK_RUNS, actor=actor, run=run)
    rows = list(wanted)
    if len(rows) > MOST_ROWS:
        raise Refused(Refusal.TOO_MANY_PEOPLE(most=MOST_ROWS, number=len(rows)), code="too_many")
    run.save(force_insert=True)
    BulkRow.objects.bulk_create((_row(run, number, row) for number, row in enumerate(rows, 1)), batch_size=1000)
    return run


def _row(run: BulkRun, number: int, row: Wanted) -> BulkRow:
    return BulkRow(
        run=run,
        position=row.position or number,
        user=row.user,
        subject_key=(row.user.username_key if row.user else sought(row.values.get("username", "")[:255]))[:255],
        email_key=sought(row.values.get("email", "")[:255])[:255],
        values=row.values,
        outcome=row.outcome,
        told=refusal_as_data(row.sentence) if row.sentence else {},
    )


@transaction.atomic
def start_run(run: BulkRun, *, actor: Actor) -> BulkRun:
    """Turn a reviewed draft into a run of the person who starts it: the rest is done in their name."""
    run = lock(BulkRun, run.pk)
    policy.require(Action.START_RUN, actor=actor, run=run)
    if run.is_draft:
        run.is_draft, run.started_by = False, getattr(actor, "user", None)
        run.save(update_fields=["is_draft", "started_by"])
    return run


@transaction.atomic
def discard_draft(run: BulkRun, *, actor: Actor) -> None:
    """Delete a draft without a trace; a started run stays."""
    run = lock(BulkRun, run.pk)
    policy.require(Action.DISCARD_RUN, actor=actor, run=run)
    run.delete()


def work_on(run: BulkRun, *, seconds: float = 2.0, actor: Actor) -> bool:
    """Do waiting rows one by one for about this long; True when none is left. Refused for a draft."""
    require_sense(Action.CONTINUE_RUN, run=run)
    deadline = time.monotonic() + seconds
    waiting = run.rows.filter(outcome=Outcome.PENDING).order_by("position")
    while (row := waiting.first()) is not None:
        carry_out(row, actor=actor)
        if time.monotonic() > deadline:
            return not waiting.exists()
    return True


def begin(run: BulkRun, *, actor: Actor) -> None:
    """Do what fits into the response time and leave the rest to a worker, if there is one."""
    if not work_on(run, actor=actor) and has_worker():
        finish_in_background(run, actor=actor)


def begin_draft(run: BulkRun, *, actor: Actor) -> BulkRun:
    """Start a draft and begin it; a run that was started meanwhile stays with the person who did."""
    was_draft, run = run.is_draft, start_run(run, actor=actor)
    if was_draft:
        begin(run, actor=actor)
    return run


def has_worker() -> bool:
    """Whether queued work runs outside the request (TASKS=database)."""
    return bool(finish.get_backend().supports_get_result)


@transaction.atomic
def finish_in_background(run: BulkRun, *, actor: Actor) -> None:
    """Queue the rest of a person's run for a worker; rows done elsewhere meanwhile are skipped."""
    background.later(finish, run=run.pk, person=actor.id)


@task()
def finish(run: int, person: int) -> None:
    """Do the waiting rows in the name of the person who started the run, rechecking their rights every few seconds."""
    found = BulkRun.objects.filter(pk=run).first()
    if found is None:
        return
    while (user := User.objects.with_status(Status.ENABLED).filter(pk=person).first()) is not None:
        if work_on(found, seconds=SECONDS_OF_A_ROUND, actor=Person(user)):
            return


@transaction.atomic
def carry_out(row: BulkRow, *, actor: Actor) -> BulkRow:
    """Do one row and store its result: both or neither. A row that is not waiting stays as it is."""
    row = lock(BulkRow, row.pk)
    if row.outcome != Outcome.PENDING:
        return row
    try:
        with transaction.atomic():
            row.told, row.outcome = ACTS[Kind(row.run.kind)](row, actor), Outcome.DONE
    except GatehouseError as error:
        row.told, row.outcome = {"code": error.code, **refusal_as_data(error.sentence)}, Outcome.REFUSED
    row.save(update_fields=["user", "outcome", "told"])
    return row


# --- what is done to a row: each returns the values its words name (`BulkRow.sentence`), or raises ---


def _person(row: BulkRow) -> User:
    if row.user is None:  # pragma: no cover - a permanent deletion also deletes the person's rows (R10)
        raise NotFound(Refusal.USER_GONE())
    return row.user


def _somebody_else(row: BulkRow, actor: Actor) -> User:
    """No door applies a run to the person who starts it, whether or not the list was reviewed."""
    user = _person(row)
    decision = decide(Kind(row.run.kind), user, actor=actor)
    if decision.code == "own_account":
        raise policy.refusal(decision)
    return user


def _enable(row: BulkRow, actor: Actor) -> Told:
    users.enable_user(_somebody_else(row, actor), actor=actor)
    return {}


def _disable(row: BulkRow, actor: Actor) -> Told:
    users.disable_user(_somebody_else(row, actor), actor=actor)
    return {}


def _add_to_groups(row: BulkRow, actor: Actor) -> Told:
    chosen = list(Group.objects.filter(pk__in=row.run.values["groups"]).order_by("name_key"))
    if not chosen:
        raise NotFound(Refusal.GROUPS_GONE())
    for group in chosen:
        groups.add_members(group, [_person(row)], actor=actor)
    return {"groups": [group.name for group in chosen]}


def _invite(row: BulkRow, actor: Actor) -> Told:
    row.user = invitations.invite_user(**row.values, actor=actor)
    return {"email": row.user.email}


def _resend(row: BulkRow, actor: Actor) -> Told:
    invitations.resend_invitation(_person(row), actor=actor)
    return {"email": _person(row).email}


def _revoke(row: BulkRow, actor: Actor) -> Told:
    invitations.revoke_invitation(_person(row), actor=actor)
    return {}


ACTS: dict[BulkRun.Kind, Callable[[BulkRow, Actor], Told]] = {
    Kind.ENABLE: _enable,
    Kind.DISABLE: _disable,
    Kind.ADD_TO_GROUPS: _add_to_groups,
    Kind.INVITE: _invite,
    Kind.RESEND_INVITATION: _resend,
    Kind.REVOKE_INVITATION: _revoke,
}
