"""What a run of pytest tells besides passes and failures; tests/conftest.py registers it."""

from __future__ import annotations

import time

import pytest
from _pytest.junitxml import LogXML, xml_key
from _pytest.terminal import TerminalReporter

SECONDS_BETWEEN_WRITES = 20


class SkipsAreCapped:
    """With --most-skips: a test that vanishes is a failure, and its reason is printed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.count += report.skipped and not hasattr(report, "wasxfail")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.count > self.most and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        terminalreporter.write_line(f"{self.count} tests were skipped; {self.most} may be.")


class ReportAsItComes:
    """pytest writes its JUnit file at the very end: a run that is killed would leave none."""

    def __init__(self, report: LogXML) -> None:
        self.report = report
        self.written = time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        if time.monotonic() - self.written > SECONDS_BETWEEN_WRITES:
            self.report.pytest_sessionfinish()
            self.written = time.monotonic()


def register(config: pytest.Config) -> None:
    """In the process that reports: a worker of xdist's reports to it."""
    if hasattr(config, "workerinput"):
        return
    most = config.getoption("most_skips")
    if most is not None:
        config.pluginmanager.register(SkipsAreCapped(most))
    if report := config.stash.get(xml_key, None):
        config.pluginmanager.register(ReportAsItComes(report))
