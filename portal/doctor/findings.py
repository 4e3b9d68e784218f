"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is stable, for scripts; `mend` says what to do, and is empty when all is well."""

    check: str
    sentence: str
    mend: str = ""

    @property
    def is_fine(self) -> bool:
        return not self.mend


def counted(check: str, number: int, sentence: str, mend: str, *, one: str) -> Finding:
    """A finding about a number of things of which there should be none; `one`: the sentence for exactly one."""
    return Finding(check, f"{number} {one if number == 1 else sentence}", mend if number else "")
