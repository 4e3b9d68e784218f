"""The numbers of a mismatch report, and a long list compared part by part, with the first findings of each kind."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from identity.queries.in_parts import InParts
from identity.queries.mismatches import Match, Pairing, Sent, find_mismatches

if TYPE_CHECKING:
    from collections.abc import Sequence

PART = 2_500  # names compared at a time
SHOWN_OF_EACH = 100

MOST_TROUBLING_FIRST = (Match.PREFIX, Match.SAME_EMAIL, Match.CASE, Match.LINKED, Match.NONE, Match.EXACT)


@dataclass(slots=True)
class Numbers:
    """How many names were compared, by match; `conflicting` have another email, `guarded` an obstacle."""

    by_match: Counter[Match] = field(default_factory=Counter)
    conflicting: int = 0
    guarded: int = 0

    @property
    def compared(self) -> int:
        return self.by_match.total()

    def add(self, finding: Pairing) -> None:
        self.by_match[finding.match] += 1
        self.conflicting += finding.is_conflict_by_email
        self.guarded += bool(finding.obstacle)


@dataclass(slots=True)
class MatchTally:
    """All userNames that match in one way: how many, and the first findings by their position in the list."""

    match: Match
    number: int
    findings: dict[int, Pairing | None]

    @property
    def more(self) -> int:
        return self.number - len(self.findings)


@dataclass(slots=True)
class Tally(InParts[None]):
    """The results of the parts compared so far in one list."""

    sent: Sequence[Sent]
    numbers: Numbers = field(default_factory=Numbers)
    _shown: dict[Match, dict[int, Pairing | None]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return len(self.sent)

    @property
    def is_done(self) -> bool:
        return self.numbers.compared >= self.number

    @property
    def kinds(self) -> list[MatchTally]:
        """The kinds with at least one person."""
        numbers = self.numbers.by_match
        return [
            MatchTally(match, numbers[match], self._shown[match]) for match in MOST_TROUBLING_FIRST if numbers[match]
        ]

    def go_on(self) -> None:
        """Compare the next part."""
        start = self.numbers.compared
        for place, finding in enumerate(find_mismatches(self.sent[start : start + PART]), start):
            self.numbers.add(finding)
            shown = self._shown.setdefault(finding.match, {})
            if len(shown) < SHOWN_OF_EACH:
                shown[place] = finding

    # --- from one part to the next: numbers and positions travel, the names are given again ---

    @property
    def so_far(self) -> Any:
        kinds = {kind.match: [kind.number, [*kind.findings]] for kind in self.kinds}
        return [_digest(self.sent), [self.numbers.conflicting, self.numbers.guarded], kinds]

    @classmethod
    def resume(cls, sent: Sequence[Sent], so_far: Any) -> Tally:
        """Continue with this list; from the start if it has changed."""
        digest, (conflicting, guarded), kinds = so_far
        tally = cls(sent)
        if digest == _digest(sent):
            by_match = Counter({Match(match): number for match, (number, _) in kinds.items()})
            tally.numbers = Numbers(by_match, conflicting, guarded)
            tally._find_again({Match(match): places for match, (_, places) in kinds.items()})
        return tally

    def _find_again(self, places: dict[Match, list[int]]) -> None:
        """The findings shown, looked up by name again: for these few it costs little."""
        shown = [(match, place) for match, found in places.items() for place in found]
        found = find_mismatches([self.sent[place] for _, place in shown])
        for (match, place), finding in zip(shown, found, strict=True):
            self._shown.setdefault(match, {})[place] = finding


def _digest(sent: Sequence[Sent]) -> str:
    lines = "\n".join(f"{one.user_name}\t{one.email}" for one in sent)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()
