"""Nothing in the tests waits without a limit, and no port is guessed: both are done by tests/processes.py."""

import ast
import fcntl
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import IO

import pytest

from tests import clock
from tests.processes import ROOT, finish, held_port, run, started, wait_until_it_answers
from tests.sources import tree

pytestmark = pytest.mark.once

# What runs the suite, or a part of it that takes as long as it takes, and the module that is asked for everything else.
OUTSIDE = {
    "tests/lifeline.py",
    "tests/lint_templates.py",
    "tests/mutants/__main__.py",
    "tests/mutants/coverage_map.py",
    "tests/odd_days/__main__.py",
    "tests/postgres.py",
    "tests/processes.py",
    "tests/programs.py",
    "tests/standby.py",
    "tests/suite.py",
}
# The place of the limit among the arguments, where it needn't be named.
WAITS = {"wait": 0, "join": 0, "result": 0, "communicate": None, "urlopen": 2, "as_completed": 1}
STARTS = {"run", "call", "check_call", "check_output"}
NEVER = {"Popen": "processes.started", "readline": "Process.read_line", "free_port": "held_port"}


def unlimited(tree: ast.AST) -> Iterator[str]:
    """Each call that may wait for ever, by its line."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        limited = any(keyword.arg == "timeout" for keyword in call.keywords)
        if called in NEVER:
            yield f"{call.lineno}: {called} ({NEVER[called]} has a limit)"
        elif called in WAITS and not limited and not _stands_at(WAITS[called], call):
            yield f"{call.lineno}: {called} without a limit"
        elif called in STARTS and _of_subprocess(call) and not limited:
            yield f"{call.lineno}: subprocess.{called} without a timeout"


def _stands_at(place: int | None, call: ast.Call) -> bool:
    return place is not None and len(call.args) > place


def _of_subprocess(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "subprocess"


def test_nothing_waits_without_a_limit() -> None:
    files = [file for file in sorted((ROOT / "tests").rglob("*.py")) if "node_modules" not in file.parts]
    assert len(files) > 200
    outside = {str(file.relative_to(ROOT)) for file in files} & OUTSIDE
    assert outside == OUTSIDE
    found = {
        str(file.relative_to(ROOT)): list(unlimited(tree(file)))
        for file in files
        if str(file.relative_to(ROOT)) not in OUTSIDE
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "is_told"),
    [
        ("thread.join()", True),
        ("thread.join(5)", False),
        ("', '.join(names)", False),
        ("event.wait(timeout=3)", False),
        ("process.communicate()", True),
        ("subprocess.run(['ls'])", True),
        ("subprocess.run(['ls'], timeout=3)", False),
        ("run(['ls'])", False),
        ("subprocess.Popen(['ls'])", True),
        ("process.stdout.readline()", True),
        ("future.result()", True),
        ("urlopen(url)", True),
        ("port = free_port()", True),
    ],
)
def test_what_waits_for_ever_is_recognised(source: str, is_told: bool) -> None:
    assert bool(list(unlimited(ast.parse(source)))) is is_told


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_a_command_that_hangs_fails_with_what_it_said() -> None:
    with pytest.raises(AssertionError, match=r"did not end within 1 s; it said:\nasleep"):
        run(python("import time; print('asleep', flush=True); time.sleep(60)"), limit=1)


def test_a_line_that_does_not_come_fails_with_what_was_said() -> None:
    talks = "import sys, time; print('one', flush=True); print('oh', file=sys.stderr, flush=True); time.sleep(60)"
    with started(python(talks), reads=True) as process:
        assert process.read_line() == "one"
        with pytest.raises(AssertionError, match=r"said no line within 0.5 s; it said:\noh"):
            process.read_line(limit=0.5)


def test_a_process_that_is_gone_is_not_waited_for() -> None:
    with started(python("raise SystemExit('no such thing')"), reads=True) as process:
        with pytest.raises(AssertionError, match="ended without another line"):
            process.read_line()
        with pytest.raises(AssertionError, match="did not answer"):
            wait_until_it_answers(process, "http://127.0.0.1:9/")


def test_a_thread_that_hangs_fails() -> None:
    released = Event()
    thread = Thread(target=lambda: released.wait(30))
    thread.start()
    with pytest.raises(AssertionError, match="did not end"):
        finish(thread, 0.1)
    released.set()
    finish(thread)


SERVES = """
import http.server, socket
server = http.server.HTTPServer(("", 0), http.server.SimpleHTTPRequestHandler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno={descriptor})
server.server_activate()
server.serve_forever()
"""


def test_a_held_port_is_nobody_elses_until_its_server_listens() -> None:
    with held_port() as port:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port.number))
        with started(python(SERVES.format(descriptor=port.descriptor)), port=port) as process:
            wait_until_it_answers(process, f"{port.origin}/README.md")


LOCKS = """
import fcntl, time
held = open({file!r}, "w", encoding="utf-8")
fcntl.flock(held, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)
"""
STARTS_ONE_THAT_LOCKS = """
import sys, time
from tests.processes import started
with started([sys.executable, "-c", {child!r}], reads=True) as child:
    print(child.read_line(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no child that its parent is gone")
def test_what_a_killed_run_started_ends_with_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    parent = STARTS_ONE_THAT_LOCKS.format(child=LOCKS.format(file=str(file)))
    with started(python(parent), reads=True) as process:
        assert process.read_line() == "locked"
        process.signal(signal.SIGKILL)
        process.exit_code()
    with file.open("w", encoding="utf-8") as lock:
        assert clock.wait_until(lambda: _is_free(lock)), "it lives on"


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
