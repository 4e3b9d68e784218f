"""A list of userNames, compared part by part while the page is open: with numbers so far and the first of each kind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from identity.queries.mismatches import Finding, Match, Sent, find_mismatches
from portal.admin.frame.signed_state import sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Sequence

PART = 2_500  # names compared per request
SHOWN_OF_EACH = 100

MOST_TROUBLING_FIRST = (Match.PREFIX, Match.SAME_EMAIL, Match.CASE, Match.LINKED, Match.NONE, Match.EXACT)
COLOURS = {
    Match.EXACT: "green",
    Match.CASE: "green",
    Match.PREFIX: "amber",
    Match.SAME_EMAIL: "amber",
    Match.LINKED: "green",
    Match.NONE: "gray",
}


@dataclass(slots=True)
class Kind:
    """All userNames that match in one way: how many, and the positions of the first in the list."""

    match: Match
    number: int = 0
    findings: dict[int, Finding | None] = field(default_factory=dict)

    @property
    def colour(self) -> str:
        return COLOURS[self.match]

    @property
    def more(self) -> int:
        return self.number - len(self.findings)

    def add(self, place: int, finding: Finding) -> None:
        self.number += 1
        if len(self.findings) < SHOWN_OF_EACH:
            self.findings[place] = finding


@dataclass(slots=True)
class Tally:
    """The results of the parts compared so far in one list."""

    sent: Sequence[Sent]
    compared: int = 0
    conflicting: int = 0
    guarded: int = 0
    kinds: dict[Match, Kind] = field(default_factory=lambda: {match: Kind(match) for match in MOST_TROUBLING_FIRST})

    @property
    def number(self) -> int:
        return len(self.sent)

    @property
    def is_done(self) -> bool:
        return self.compared >= self.number

    @property
    def classes(self) -> list[Kind]:
        """The kinds with at least one person."""
        return [kind for kind in self.kinds.values() if kind.number]

    def go_on(self) -> None:
        """Compare the next part."""
        part = self.sent[self.compared : self.compared + PART]
        for place, finding in enumerate(find_mismatches(part), self.compared):
            self.kinds[finding.match].add(place, finding)
            self.conflicting += finding.is_conflict_by_email
            self.guarded += bool(finding.obstacle)
        self.compared += len(part)

    # --- from one request to the next: numbers and positions travel, the names are sent again ---

    @property
    def so_far(self) -> str:
        kinds = {kind.match: [kind.number, [*kind.findings]] for kind in self.classes}
        numbers = [self.compared, self.conflicting, self.guarded]
        return sealed([_digest(self.sent), numbers, kinds], what="report")

    @classmethod
    def resume(cls, sent: Sequence[Sent], so_far: str) -> Tally:
        """Continue with this list; from the start if it has changed. Raises BadRequest for invalid state."""
        digest, numbers, kinds = unsealed(so_far, what="report")
        tally = cls(sent)
        if digest == _digest(sent):
            tally.compared, tally.conflicting, tally.guarded = numbers
            tally._find_again(kinds)
        return tally

    def _find_again(self, kinds: dict[str, Any]) -> None:
        """The findings shown, looked up by name again: for these few it costs little."""
        for match, (number, places) in kinds.items():
            self.kinds[Match(match)] = Kind(Match(match), number, dict.fromkeys(places))
        shown = [(kind, place) for kind in self.kinds.values() for place in kind.findings]
        found = find_mismatches([self.sent[place] for _, place in shown])
        for (kind, place), finding in zip(shown, found, strict=True):
            kind.findings[place] = finding


def _digest(sent: Sequence[Sent]) -> str:
    lines = "\n".join(f"{one.user_name}\t{one.email}" for one in sent)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
