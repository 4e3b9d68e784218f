"""The why-trail of a user: every change of status, name and membership, and its cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models.expressions import RawSQL

from identity.db.lookups import any_of, any_of_parameter
from identity.events import SIGN_INS, Event, why_moved
from identity.models import AuditEvent, Group, MembershipChange, ProvisioningLog, User
from identity.queries.trail import EventInWords, tell

SHOWN = 20
LOG_ROWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """A change of this user: the event in words, the groups joined and left, and the request behind it."""

    line: EventInWords
    words: str
    details: tuple[str, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]
    request: ProvisioningLog | None


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of entries, newest first; `before` leads to earlier ones, 0 when there are none."""

    entries: list[TrailEntry]
    before: int
    log: list[ProvisioningLog]


# Fixed SQL: the newest events about one user by index, and those that moved many, this user among them.
_ABOUT = """
    SELECT id FROM (
        SELECT id FROM (
            SELECT id FROM identity_auditevent WHERE user_id = %s AND id < %s AND action NOT IN ({sign_ins})
             ORDER BY id DESC LIMIT %s
        ) AS own
        UNION SELECT event_id FROM (
            SELECT event_id FROM identity_membershipchange WHERE user_id = %s AND event_id < %s
             ORDER BY event_id DESC LIMIT %s
        ) AS moving
    ) AS about ORDER BY id DESC LIMIT %s
"""
# Each half by its own index; an OR of both would read the whole log.
_REQUESTS = """
    SELECT id FROM identity_provisioninglog WHERE request_id {any_of}
     UNION SELECT id FROM (
        SELECT id FROM identity_provisioninglog WHERE user_id = %s ORDER BY id DESC LIMIT %s
    ) AS latest
"""
_MOVES_LOOKED_AT = 500  # an event that moved one user in more groups than this would hide earlier ones of a page
_END = 2**62


def trail_of(user: User, before: int | None = None, *, most: int = SHOWN) -> Trail:
    """What happened before the event with this id, in a few statements whatever the amount."""
    before = _END if before is None else before
    events = _events(user, before, most)
    shown = events[:most]
    moves = _moves(user, [event.pk for event in shown])
    moved = {move.group_id for found in moves.values() for move in found}
    groups = Group.objects.in_bulk(moved | {event.group_id for event in shown if event.group_id})
    lines = tell(shown, groups)
    log = _log_rows(user, {event.request_id for event in shown})
    entries = [_entry(line, moves[line.event.pk], groups, _request_of(line.event, user, log)) for line in lines]
    more = len(events) > most
    own = [row for row in log if row.user_id == user.pk]
    return Trail(entries, shown[-1].pk if more else 0, own[:LOG_ROWS_SHOWN] if before == _END else [])


def _events(user: User, before: int, most: int) -> list[AuditEvent]:
    limits = (most + 1, user.pk, before, max(_MOVES_LOOKED_AT, most + 1), most + 1)
    about = RawSQL(_ABOUT.format(sign_ins=", ".join(["%s"] * len(SIGN_INS))), (user.pk, before, *SIGN_INS, *limits))  # noqa: S611 - fixed text
    return list(AuditEvent.objects.filter(pk__in=about).select_related("personal_data").order_by("-pk"))


def _moves(user: User, event_ids: list[int]) -> dict[int, list[MembershipChange]]:
    found = defaultdict(list)
    for move in MembershipChange.objects.filter(user_id=user.pk, event_id__in=event_ids).order_by("pk"):
        found[move.event_id].append(move)
    return found


def _log_rows(user: User, request_ids: set[str]) -> list[ProvisioningLog]:
    """The requests behind these events, and the latest about this user, including refused and unchanged ones."""
    about = RawSQL(  # noqa: S611 - fixed text
        _REQUESTS.format(any_of=any_of(connection)),
        (any_of_parameter(connection, sorted(request_ids)), user.pk, LOG_ROWS_SHOWN),
    )
    return list(ProvisioningLog.objects.filter(pk__in=about))


def _request_of(event: AuditEvent, user: User, log: Iterable[ProvisioningLog]) -> ProvisioningLog | None:
    """An event's log row; for a bulk request, whose parts share its id, the one about this user or event."""
    rows = [row for row in log if row.request_id == event.request_id]
    if event.user_id == user.pk:
        rows = [row for row in rows if row.user_id == user.pk] or rows
    else:
        rows = [row for row in rows if row.details.get("event") == event.pk] or rows
    return rows[0] if rows else None


def _entry(
    line: EventInWords, moves: list[MembershipChange], groups: dict[int, Group], request: ProvisioningLog | None
) -> TrailEntry:
    joined = tuple(_name(move, groups, line.event) for move in moves if move.joined)
    left = tuple(_name(move, groups, line.event) for move in moves if not move.joined)
    words, details = line.words, line.details
    if why := why_moved(line.event.action):
        noted = line.event.details
        words = why.format(name=noted.get("name") or noted.get("sso_group", ""))
        details = ()
    return TrailEntry(line, words, details, joined, left, request)


def _name(move: MembershipChange, groups: dict[int, Group], event: AuditEvent) -> str:
    if move.group_id in groups:
        return str(groups[move.group_id])
    noted = event.details.get("name") if event.action == Event.GROUP_DELETED else None
    return str(noted or f"group {move.group_id} (deleted)")
