"""Medians, and what the kernel says of processes: CPU time and memory (Linux: /proc)."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


def ratio_of_rounds(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: neighbours in time share the machine's noise."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def taking_turns(rounds: int, blocks: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """A B A B …: what each block answers in each round. The first round only warms up."""
    answers: dict[str, list[float]] = {name: [] for name in blocks}
    for number in range(rounds + 1):
        for name, block in blocks.items():
            answer = block()
            if number:
                answers[name].append(answer)
    return answers


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process, its children, and those of them that have ended."""
    try:
        fields = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = sum(int(fields[number]) for number in (11, 12, 13, 14)) / TICK
    return own + sum(cpu_seconds(child) for child in children(pid))


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may hold spaces itself."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def children(pid: int) -> list[int]:
    found = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text(encoding="utf-8").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def descendants(pid: int) -> list[int]:
    below = children(pid)
    return below + [each for child in below for each in descendants(child)]


def proportional_megabytes(pid: int) -> float:
    """Resident memory with shared pages divided among those who share them (Pss)."""
    return _kilobytes(pid, "smaps_rollup", "Pss") / 1024


def forget_peak(pid: int) -> None:
    (PROC / str(pid) / "clear_refs").write_text("5", encoding="utf-8")


def peak_megabytes(pid: int) -> float:
    return _kilobytes(pid, "status", "VmHWM") / 1024


def resident_megabytes(pid: int) -> float:
    return _kilobytes(pid, "status", "VmRSS") / 1024


def _kilobytes(pid: int, file: str, name: str) -> int:
    for line in (PROC / str(pid) / file).read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise KeyError(name)
