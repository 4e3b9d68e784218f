"""How mutants ended: a table, and the diffs of those who live."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from tests.mutants.coverage_map import KEPT
from tests.mutants.sites import ROOT, Mutant

LIVING = ("survived", "no test")
OUTCOMES = ("killed", "killed by time", *LIVING, "not tried")


@dataclass(frozen=True)
class Trial:
    """`test` killed it, or was running when the time was over; `tests` could have."""

    mutant: Mutant
    outcome: str
    test: str
    tests: int
    seconds: float


def package_of(path: str) -> str:
    """`identity/services`, `scim`, `portal/sso`; a module of identity itself is one of its own."""
    parts = path.split("/")
    return parts[0] if parts[0] == "scim" else "/".join(parts[:2])


def write(trials: list[Trial]) -> str:
    """The table, in Markdown; var/mutants/survivors.md gets the diffs."""
    (KEPT / "table.md").write_text(table := _table(trials), encoding="utf-8")
    living = [trial for trial in trials if trial.outcome in LIVING]
    (KEPT / "survivors.md").write_text(
        "\n".join(_survivor(trial) for trial in sorted(living, key=_place)), encoding="utf-8"
    )
    return table


def _place(trial: Trial) -> tuple[str, int]:
    return trial.mutant.path, trial.mutant.start


def _table(trials: list[Trial]) -> str:
    rows = ["| package | mutants | " + " | ".join(OUTCOMES) + " | score |", "|---" * (len(OUTCOMES) + 3) + "|"]
    by_package = sorted(trials, key=lambda trial: package_of(trial.mutant.path))
    for package, found in groupby(by_package, key=lambda trial: package_of(trial.mutant.path)):
        rows.append(_row(package, list(found)))
    return "\n".join([*rows, _row("all", trials), ""])


def _row(name: str, trials: list[Trial]) -> str:
    counts = Counter(trial.outcome for trial in trials)
    killed, tried = counts["killed"] + counts["killed by time"], len(trials) - counts["not tried"]
    score = f"{100 * killed / tried:.0f} %" if tried else "–"
    return f"| {name} | {len(trials)} | " + " | ".join(str(counts[outcome]) for outcome in OUTCOMES) + f" | {score} |"


def _survivor(trial: Trial) -> str:
    mutant = trial.mutant
    diff = mutant.diff((ROOT / mutant.path).read_bytes())
    return f"## {mutant.name} in {mutant.function}\n\n{trial.outcome}, {trial.tests} tests\n\n```diff\n{diff}\n```\n"
