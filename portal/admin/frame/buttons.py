"""Buttons of pages, allowed or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from identity.core.decisions import Decision


@dataclass(frozen=True, slots=True)
class Button:
    """An action as shown on a page: a link when allowed, else a hint that says why not."""

    name: str
    label: str
    url: str
    icon: str
    danger: bool
    decision: Decision

    @property
    def allowed(self) -> bool:
        return self.decision.allowed


def allowed_buttons(buttons: Iterable[Button]) -> list[Button]:
    return [button for button in buttons if button.allowed]


@dataclass(frozen=True, slots=True)
class RefusedActions:
    """What can't be done, and the one reason for it; `is_by_mode`: refused by a cell of the table."""

    labels: list[str]
    decision: Decision

    @property
    def what(self) -> str:
        return ", ".join(self.labels)

    @property
    def is_by_mode(self) -> bool:
        return self.decision.mode is not None


def refusals(buttons: Iterable[Button]) -> list[RefusedActions]:
    """What is refused, by reason: first those by mode or target, last what another role could do."""
    found: dict[str, RefusedActions] = {}
    for button in buttons:
        if not button.allowed:
            found.setdefault(button.decision.reason, RefusedActions([], button.decision)).labels.append(button.label)
    return sorted(found.values(), key=lambda refusal: refusal.decision.code == "role_required")
