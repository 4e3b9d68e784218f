"""Whether what an identity provider sends over SCIM is let in: the ways in which it is turned away (R21, R25, R26)."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Open, or why not."""

    OPEN = "open"
    SCIM_OFF = "scim_off"  # for every identity provider, reads as well
    PAUSED = "paused"
    BRAKED = "braked"  # what would take something away from many people

    @property
    def is_shut(self) -> bool:
        """Whether a write is not let in: all of them, but for a brake, which is about single ones."""
        return self is not Way.OPEN
