"""A pytest plugin that notes how long each test takes, and leaves out those that fail or start a process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.caches import forget

STARTS_PROCESSES = ("starts processes", True)


def function_of(test: str) -> str:
    """A test without its case."""
    return test.partition("[")[0]


class Notes:
    """`file` gets the seconds of each test that may try mutants, by its node id."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seconds: dict[str, float] = {}
        self.unfit: set[str] = set()
        self.running: pytest.Item | None = None
        sys.addaudithook(self.heard)

    def heard(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and self.running is not None:
            self.running.user_properties.append(STARTS_PROCESSES)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """One case of each test tells which lines it runs."""
        items[:] = {function_of(item.nodeid): item for item in items}.values()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        if self.running is None or self.running.path != item.path:
            forget()  # what the first test of a run leaves to all others would seem to be its alone
        self.running = item
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        # Parts of a report that came from another process are lists.
        if not report.passed or list(STARTS_PROCESSES) in [list(part) for part in report.user_properties]:
            self.unfit.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput"):
            fit = {test: round(spent, 4) for test, spent in self.seconds.items() if test not in self.unfit}
            self.file.write_text(json.dumps(fit), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Notes(Path(os.environ["MUTANTS_SECONDS"])))
