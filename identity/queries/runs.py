"""The runs of an identity provider, and what each did: who came, went and moved, and what was lost (R27).

Counts go no further than `MOST` rows of each run: a run may have a million.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count

from identity.core.errors import NotFound
from identity.db.counting import up_to
from identity.db.replica import connection
from identity.events import Event
from identity.log_words import What
from identity.models import Group, IdentityProvider, MembershipChange, ProvisioningLog, User
from identity.models.runs import Run, Skipped, last_before, run_of, runs_between

MOST = 10_000
SHOWN = 20
NAMED = 20
SKIPPED_NAMED = 100
_WINDOW = timedelta(days=3)

_COUNTED: dict[str, tuple[What, ...]] = {
    "created": (What.CREATED, What.ADOPTED, What.LINKED, What.REVIVED, What.REVIVED_BY_EXTERNAL_ID),
    "set_inactive": (What.SET_INACTIVE,),
    "removed": (What.REMOVED,),
    "groups_changed": (What.GROUP_PUSHED, What.GROUP_CHANGED, What.GROUP_MEMBERS_CHANGED),
    "groups_deleted": (What.GROUP_DELETED,),
}
_WORDS = {
    "created": "created or taken over",
    "set_inactive": "set inactive",
    "removed": "removed",
    "groups_changed": "changes of SSO groups",
    "groups_deleted": "SSO groups deleted",
    "refused": "refused",
}


@dataclass(frozen=True, slots=True)
class CountedRun:
    """A run, and how many requests of each kind; `requests` is one more than `MOST` where there are more."""

    run: Run
    requests: int
    counts: dict[str, int]

    @property
    def is_capped(self) -> bool:
        return self.requests > MOST

    @property
    def size(self) -> str:
        return up_to(MOST, self.requests)

    @property
    def summary(self) -> str:
        """In words: `3 created or taken over, 40 set inactive, 2 refused`."""
        found = (f"{number:,} {_WORDS[name]}" for name, number in self.counts.items() if number)
        return ", ".join(found) or "nothing of note"


@dataclass(frozen=True, slots=True)
class Runs:
    """Some runs, latest first; `before` leads to earlier ones, 0 when there are none."""

    runs: list[CountedRun]
    before: int


def runs_of(provider: IdentityProvider, before: int | None = None, *, most: int = SHOWN) -> Runs:
    """The runs before the one with this number, in a fixed number of statements."""
    latest = last_before(provider.pk, before)
    if latest is None:
        return Runs([], 0)
    found = runs_between(provider.pk, latest.at - _WINDOW, latest.at + timedelta(days=1))
    shown = [run for run in found if run.first_id <= latest.pk][:most]
    earlier = last_before(provider.pk, shown[-1].first_id) if shown else None
    return Runs(counted(shown), shown[-1].first_id if earlier else 0)


def find_run(provider: IdentityProvider, number: int) -> Run:
    """The run with this number, that of its first row in the log; any other row's leads to it too. Raises NotFound."""
    entry = ProvisioningLog.objects.filter(identity_provider=provider, pk=number).first()
    run = run_of(entry) if entry else None
    if run is None:
        raise NotFound(f"{provider} has no run {number}.")
    return run


def counted(runs: Sequence[Run]) -> list[CountedRun]:
    """With the numbers of their requests, in one statement."""
    numbers: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for first_id, what, outcome, number in _numbers(runs):
        numbers[first_id][what, outcome] = number
    return [_counted(run, numbers[run.first_id]) for run in runs]


def _numbers(runs: Sequence[Run]) -> list[tuple[int, str, str, int]]:
    if not runs:
        return []
    parts, parameters = [], list[Any]()
    for run in runs:
        sql, values = run.entries.order_by().values("what", "outcome")[: MOST + 1].query.sql_with_params()
        parts.append(f"SELECT %s AS run, what, outcome, count(*) FROM ({sql}) entries GROUP BY what, outcome")
        parameters += [run.first_id, *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        return list(cursor.fetchall())


def _counted(run: Run, numbers: Counter[tuple[str, str]]) -> CountedRun:
    refused = ProvisioningLog.Outcome.REFUSED
    counts = {
        name: sum(number for (what, outcome), number in numbers.items() if what in kinds and outcome != refused)
        for name, kinds in _COUNTED.items()
    }
    counts["refused"] = sum(number for (_, outcome), number in numbers.items() if outcome == refused)
    return CountedRun(run, numbers.total(), counts)


# --- what is not restored ---


@dataclass(frozen=True, slots=True)
class NamedSkip:
    """What is not given back, in words: whose account, membership or mapping it is, and why."""

    what: str
    reason: str
    user: User | None
    group: Group | None


def named(skipped: Sequence[Skipped]) -> list[NamedSkip]:
    """The first of what is skipped, with names, in two statements."""
    shown = skipped[:SKIPPED_NAMED]
    people = User.objects.in_bulk({skip.user_id for skip in shown})
    groups = Group.objects.in_bulk({skip.group_id for skip in shown})
    return [_named(skip, people.get(skip.user_id), groups.get(skip.group_id)) for skip in shown]


def _named(skip: Skipped, user: User | None, group: Group | None) -> NamedSkip:
    where = str(group) if group else f"group {skip.group_id} (deleted)"
    if skip.sso_group:
        return NamedSkip(f"Mapping of {skip.sso_group} to {where}", skip.reason, None, group)
    who = user.display_name if user else f"user {skip.user_id} (deleted)"
    return NamedSkip(f"{who} in {where}" if skip.group_id else who, skip.reason, user, group)


# --- the story of one ---


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happened to so many people, and the first of them by username."""

    code: str
    title: str
    count: int
    people: list[User]

    @property
    def more(self) -> int:
        return self.count - len(self.people)


@dataclass(frozen=True, slots=True)
class GroupMoves:
    """How many joined and left a portal group; one that is gone is shown by number."""

    group_id: int
    group: Group | None
    joined: int
    left: int

    @property
    def name(self) -> str:
        return str(self.group) if self.group else f"group {self.group_id} (deleted)"


@dataclass(frozen=True, slots=True)
class LostGroup:
    """An SSO group that was deleted, and the portal groups that it fed."""

    name: str
    fed: list[str]


@dataclass(frozen=True, slots=True)
class RunStory:
    """What a run did."""

    counted: CountedRun
    chapters: list[Chapter]
    groups: list[GroupMoves]
    lost: list[LostGroup]
    is_whole: bool  # False: the run changed more than is told

    @property
    def run(self) -> Run:
        return self.counted.run


_NAMES = {"first_name", "last_name"}
_CHAPTERS: dict[str, tuple[str, Callable[[str, dict[str, Any]], bool]]] = {
    "created": ("Created", lambda action, _: action == Event.USER_PROVISIONED),
    "taken_over": ("Taken over", lambda action, _: action in {Event.USER_ADOPTED, Event.USER_LINKED}),
    "revived": ("Created again", lambda action, _: action == Event.USER_REVIVED),
    "enabled": ("Enabled", lambda action, _: action == Event.USER_ENABLED),
    "disabled": ("Disabled", lambda action, _: action == Event.USER_DISABLED),
    "removed": ("Removed at the identity provider", lambda action, _: action == Event.USER_DEPROVISIONED),
    "renamed": (
        "Names changed",
        lambda action, details: action == Event.USER_UPDATED and bool(_NAMES.intersection(details.get("changed", ()))),
    ),
}


def story_of(run: Run) -> RunStory:
    """What a run did, in a fixed number of statements."""
    rows = run.events.order_by("pk").values_list("pk", "action", "user_id", "details")
    events = list(rows[: MOST + 1])
    told = events[:MOST]
    return RunStory(counted([run])[0], _chapters(told), _moves(told), _lost(told), len(events) <= MOST)


_Row = tuple[int, str, int | None, dict[str, Any]]


def _chapters(events: list[_Row]) -> list[Chapter]:
    found = {
        code: {user_id for _, action, user_id, details in events if user_id and belongs(action, details)}
        for code, (_, belongs) in _CHAPTERS.items()
    }
    first = {code: sorted(ids)[:NAMED] for code, ids in found.items()}
    people = User.objects.in_bulk({user_id for ids in first.values() for user_id in ids})
    return [
        Chapter(code, title, len(found[code]), _by_name(people[pk] for pk in first[code] if pk in people))
        for code, (title, _) in _CHAPTERS.items()
        if found[code]
    ]


def _by_name(people: Iterator[User]) -> list[User]:
    return sorted(people, key=lambda user: user.username_key)


def _moves(events: list[_Row]) -> list[GroupMoves]:
    changes = MembershipChange.objects.filter(event_id__any_of=[pk for pk, *_ in events])
    numbers: dict[int, Counter[bool]] = defaultdict(Counter)
    for group_id, joined, number in changes.values_list("group_id", "joined").annotate(number=Count("pk")):
        numbers[group_id][joined] = number
    groups = Group.objects.in_bulk(numbers)
    found = [GroupMoves(pk, groups.get(pk), number[True], number[False]) for pk, number in numbers.items()]
    return sorted(found, key=lambda moves: (-moves.left, moves.name))


def _lost(events: list[_Row]) -> list[LostGroup]:
    deleted = [details for _, action, _, details in events if action == Event.SSO_GROUP_DELETED]
    groups = Group.objects.in_bulk({pk for details in deleted for pk in details.get("mapped", ())})
    return [
        LostGroup(
            details["name"],
            [str(groups[pk]) if pk in groups else f"group {pk} (deleted)" for pk in details.get("mapped", ())],
        )
        for details in deleted
    ]
