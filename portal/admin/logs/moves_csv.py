"""CSV of who joined and left by an event that moved many, and who would by a mapping's preview."""

from __future__ import annotations

from collections.abc import Iterator

from identity.db.keyset import BATCH
from identity.models import User
from identity.queries.moves import every_move
from identity.services.mappings import Preview
from portal.exchange.csv_out import csv_lines

DRAFT_HEADER = ("Would", "Username", "Name", "Email", "Status", "User id")
CSV_HEADER = ("Moved", "Username", "Name", "Email", "Group", "User id", "Group id")


def moved_lines(event_id: int) -> Iterator[str]:
    """Everyone moved by an event as CSV, leavers first; a thousand at a time."""
    return csv_lines(CSV_HEADER, (move.cells() for joined in (False, True) for move in every_move(event_id, joined)))


def draft_lines(preview: Preview) -> Iterator[str]:
    """Everyone in a preview as CSV, leavers first; a thousand at a time."""
    sides = (("leave", preview.leave_ids), ("join", preview.join_ids), ("stay", preview.stay_ids))
    rows = (
        (would, user.username, user.display_name, user.email, user.status, user.pk)
        for would, ids in sides
        for user in _people(sorted(ids))
    )
    return csv_lines(DRAFT_HEADER, rows)


def _people(ids: list[int]) -> Iterator[User]:
    for at in range(0, len(ids), BATCH):
        yield from User.objects.filter(pk__any_of=ids[at : at + BATCH]).order_by("pk")
