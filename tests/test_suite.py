"""What runs the suite keeps its promises: nothing is left behind, nothing vanishes, and what got slower is told."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests import clock, durations
from tests.dealing import ABOUT_THE_DATABASE, LANES, dealt
from tests.environment import without_database
from tests.loops import each
from tests.postgres import installed_binaries, wheel_binaries
from tests.processes import Process, run, started
from tests.suite import lanes

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.once

IN_THE_SERVERS_LIFE = "import os, time; print(os.getpid(), os.environ['DATABASE_URL'], flush=True); time.sleep(300)"
SECONDS_TO_GO = 60


@pytest.mark.parametrize("told", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM], ids=lambda told: told.name)
def test_no_server_outlives_the_run_that_started_it(told: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.postgres", "--wheel", "--", sys.executable, "-c", IN_THE_SERVERS_LIFE]
    with started(command, environment=without_database(), reads=True) as launcher:
        pids = each(_pids_in_its_life(launcher), at_least=2)
        assert all(_is_alive(pid) for pid in pids)
        launcher.signal(told)
        clock.wait_until(lambda: not any(map(_is_alive, pids)), seconds=SECONDS_TO_GO)
        assert [pid for pid in pids if _is_alive(pid)] == []


def _pids_in_its_life(launcher: Process) -> tuple[int, int]:
    """Of the command and of the server."""
    command, url = launcher.read_line().split()
    [folder] = parse_qs(urlsplit(url).query)["host"]
    server = (Path(folder) / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
    return int(command), int(server)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def vanishing(tmp_path: Path) -> Path:
    ours = "from tests.conftest import pytest_addoption, pytest_configure"
    (tmp_path / "conftest.py").write_text(ours, encoding="utf-8")
    file = tmp_path / "test_vanishing.py"
    file.write_text("import pytest\ndef test_runs(): pass\n@pytest.mark.skip\ndef test_vanishes(): pass\n", "utf-8")
    return file


@pytest.mark.parametrize(("most", "code"), [("0", 1), ("1", 0)])
def test_more_skips_than_are_allowed_fail_the_run(project: Path, vanishing: Path, most: str, code: int) -> None:
    report = vanishing.with_suffix(".xml")
    ours = ("-c", project / "pyproject.toml", "--rootdir", project, "-p", "no:cacheprovider")
    said = ("--most-skips", most, f"--junitxml={report}", vanishing)
    done = run([sys.executable, "-m", "pytest", *ours, *said])
    assert (done.returncode, f"1 tests were skipped; {most} may be." in done.stdout) == (code, True), done.stdout
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314  pytest's own file
    assert [case.get("name") for case in cases] == ["test_runs", "test_vanishes"]


def test_a_report_is_there_while_the_run_goes_on(project: Path, tmp_path: Path) -> None:
    """One that is killed has told of what it did before."""
    ours = "from tests import reporting\nfrom tests.conftest import pytest_addoption, pytest_configure\n"
    (tmp_path / "conftest.py").write_text(ours + "reporting.SECONDS_BETWEEN_WRITES = 0\n", encoding="utf-8")
    report, file = tmp_path / "report.xml", tmp_path / "test_two.py"
    look = f"assert 'test_first' in Path({str(report)!r}).read_text(encoding='utf-8')"
    file.write_text(f"from pathlib import Path\ndef test_first(): pass\ndef test_second(): {look}\n", encoding="utf-8")
    said = (
        "-c",
        project / "pyproject.toml",
        "--rootdir",
        project,
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        file,
    )
    done = run([sys.executable, "-m", "pytest", *said])
    assert done.returncode == 0, done.stdout


def test_each_database_has_a_lane_and_a_cache_of_its_own() -> None:
    found = list(lanes(workers=2))
    assert {lane.name for lane in found} >= {"browser", "sqlite", "postgresql"}
    assert ("postgresql-installed" in {lane.name for lane in found}) == (installed_binaries() is not None)
    assert wheel_binaries() is not None
    assert len({lane.report for lane in found}) == len({lane.log for lane in found}) == len(found)
    assert all("loadfile" in lane.arguments for lane in found if lane.name in {"sqlite", "postgresql"})


@dataclass(frozen=True)
class Case:
    """As much of a pytest.Item as dealing looks at."""

    nodeid: str
    marker: str = ""

    def get_closest_marker(self, name: str) -> str | None:
        return self.marker if self.marker == name else None


def test_each_case_of_a_test_runs_on_one_database_at_least() -> None:
    tests = {f"test_of_{many}": [Case(f"test_of_{many}[{number}]") for number in range(many)] for many in range(2, 9)}
    single = [Case("test_once[1]", "once"), Case("test_once[2]", "once")]
    ours: list[Any] = [case for cases in tests.values() for case in cases] + single
    on = {lane: set(ours) - set(dealt(ours, lane)) for lane in LANES}
    assert on["sqlite"] | on["postgresql"] == set(ours)
    assert on["sqlite"] & on["postgresql"] == on["postgresql-installed"] & on["postgresql"] == set(single)
    assert all(on[lane].intersection(cases) for lane in on for cases in each(tests.values(), at_least=7))


def test_rules_and_what_is_about_the_database_are_on_both_and_all_else_takes_turns() -> None:
    page = "tests/portal"
    pages: list[Any] = [Case(f"{page}::test_{number}") for number in range(5)]
    on = {lane: [case for case in pages if case not in dealt(pages, lane)] for lane in LANES}
    assert [on["sqlite"], on["postgresql"]] == [pages[::2], pages[1::2]]
    for place in (ABOUT_THE_DATABASE[0], "tests/test_product_rules.py", "tests/upgrades"):
        rules: list[Any] = [Case(f"{place}::test_{number}") for number in range(5)]
        assert not any(dealt(rules, lane) for lane in LANES)


def test_the_files_about_the_database_exist() -> None:
    assert [place for place in each(ABOUT_THE_DATABASE, at_least=15) if not (ROOT / place).is_file()] == []


def test_the_whole_suite_deals_nothing() -> None:
    assert {lane.name for lane in lanes(1) if "--dealt" in lane.arguments} >= {"sqlite", "postgresql"}
    assert all(lane.name in lane.arguments for lane in lanes(1) if "--dealt" in lane.arguments)
    assert not any("--dealt" in lane.arguments for lane in lanes(1, whole=True))


def test_what_got_slower_is_told_whatever_the_machine() -> None:
    """This one takes twice as long for everything, and ten times for one file."""
    before = {"tests.a": 20.0, "tests.b": 20.0, "tests.c": 20.0, "tests.gone": 20.0}
    now = {"tests.a": 40.0, "tests.b": 200.0, "tests.c": 40.0, "tests.new": 30.0}
    told = [name for name, _, _ in durations.slower(now, before)]
    assert told == ["tests.b", "tests.new"]
    assert durations.slower(before, before) == []


def test_a_report_is_added_up_by_file(tmp_path: Path) -> None:
    suite = ElementTree.Element("testsuite")
    for name, seconds in (("tests.a", "1.5"), ("tests.a", "0.5"), ("tests.b", "3")):
        ElementTree.SubElement(suite, "testcase", classname=name, time=seconds)
    report = tmp_path / "report.xml"
    ElementTree.ElementTree(suite).write(report)
    assert durations.of(report) == {"tests.a": 2.0, "tests.b": 3.0}
