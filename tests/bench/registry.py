"""What a scenario is, what it hands back, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Scale:
    """How much work: `small` finds mistakes in minutes, `full` is what the targets are about."""

    name: str
    users: tuple[int, ...]
    members: tuple[int, ...]
    groups: int
    push: int
    rounds: int
    block: int
    sync_users: int
    sync_groups: int
    load: int
    writes: int


SMALL = Scale(
    name="small",
    users=(1_000, 100_000),
    members=(100, 10_000),
    groups=1_000,
    push=10_000,
    rounds=5,
    block=100,
    sync_users=500,
    sync_groups=5,
    load=500,
    writes=20,
)
FULL = Scale(
    name="full",
    users=(1_000, 10_000, 100_000, 1_000_000),
    members=(100, 1_000, 10_000, 100_000),
    groups=100_000,
    push=10_000,
    rounds=7,
    block=100,
    sync_users=5_000,
    sync_groups=50,
    load=3_000,
    writes=100,
)
SCALES = {scale.name: scale for scale in (SMALL, FULL)}


@dataclass(slots=True)
class Table:
    """Rows of text and numbers under a heading; `note` is a sentence below."""

    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    note: str = ""


@dataclass(slots=True)
class Target:
    """One demand on the product, and what was measured; `met` is None where nothing is demanded."""

    what: str
    must: str
    measured: str
    met: bool | None


@dataclass(slots=True)
class Chart:
    """A picture of one table: lines over sizes, or bars; `series` maps a name to one value for each label."""

    kind: str
    title: str
    unit: str
    labels: list[str]
    series: dict[str, list[float]]


@dataclass(slots=True)
class Result:
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    title: str
    run: Callable[[Scale], Result]


SCENARIOS: dict[str, Scenario] = {}


class Skipped(Exception):
    """The scenario can't run on this machine; says why."""


def scenario(name: str, title: str) -> Callable[[Callable[[Scale], Result]], Callable[[Scale], Result]]:
    """Register a function under the name that the command line knows."""

    def register(run: Callable[[Scale], Result]) -> Callable[[Scale], Result]:
        SCENARIOS[name] = Scenario(name, title, run)
        return run

    return register
