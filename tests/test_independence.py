"""What a machine can watch of a run's independence: one clock for the tests, and no text in the machine's encoding."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.loops import each
from tests.sources import ROOT, modules, name, tree

pytestmark = pytest.mark.once


# Each with its reason.
WAITS_BY_ITSELF = {
    "tests/clock.py": "is the clock",
    "tests/bench/processes.py": "measures, and is no test",
    "tests/crash/load.py": "measures what happens while something breaks",
    "tests/postgres.py": "waits for a server before there are tests",
    "tests/suite.py": "waits for the runs that it starts",
}

# Set, or replaced, they are a clock of one test's own.
CLOCKS = re.compile(r"\b(timezone|datetime|date|time)(\.\w+)*\.?(now|time|time_ns|today|utcnow|monotonic)?$")


def own_clocks(tree: ast.AST) -> Iterator[int]:
    """Lines that sleep, import the library that moves the clock, or put a clock of their own in its place."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep", value=ast.Name(id="time"))):
                yield node.lineno
            case ast.ImportFrom(module="time_machine") | ast.Import(names=[ast.alias(name="time_machine"), *_]):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[target, *named]) if is_a_clock(target, named):
                yield node.lineno


def is_a_clock(target: ast.expr, named: list[ast.expr]) -> bool:
    """`setattr(signing.time, "time", …)`, `setattr(module, "timezone", …)`, `setattr("a.timezone.now", …)`."""
    match [target, *named]:
        case [ast.Constant(value=str(path)), *_]:
            return bool(CLOCKS.search(path))
        case [_, ast.Constant(value=str(attribute)), *_]:
            return bool(CLOCKS.search(f"{ast.unparse(target)}.{attribute}"))
    return False


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("time.sleep(1)", True),
        ("from time_machine import travel", True),
        ("monkeypatch.setattr(signing.time, 'time', lambda: 0)", True),
        ("monkeypatch.setattr('portal.x.timezone.now', lambda: 0)", True),
        ("monkeypatch.setattr(timezone, 'now', lambda: 0)", True),
        ("monkeypatch.setattr(module, 'datetime', Fake)", True),
        ("monkeypatch.setattr(totp, 'PERIOD', 1)", False),
        ("clock.wait(1)", False),
    ],
)
def test_a_clock_of_ones_own_is_recognised(source: str, expected: bool) -> None:
    assert bool(list(own_clocks(ast.parse(source)))) is expected


def test_tests_have_one_clock() -> None:
    """tests/clock.py says what time it is, lets it pass, and waits."""
    others = [file for file in modules("tests") if name(file) not in WAITS_BY_ITSELF]
    assert [f"{name(file)}:{line}" for file in each(others, at_least=200) for line in own_clocks(tree(file))] == []


def dated_by_hand(tree: ast.AST) -> Iterator[int]:
    """`rows.update(at=timezone.now() - …)`: what lies in the past happened there, under `clock.ago`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            for keyword in node.keywords:
                if isinstance(keyword.value, ast.BinOp) and "timezone.now()" in ast.unparse(keyword.value):
                    yield node.lineno


def test_no_row_is_dated_by_hand() -> None:
    assert list(dated_by_hand(ast.parse("Row.objects.update(at=timezone.now() - timedelta(days=3))")))
    assert [f"{name(file)}:{line}" for file in modules("tests") for line in dated_by_hand(tree(file))] == []


def left_to_chance(tree: ast.AST) -> Iterator[int]:
    """A test of hypothesis that nothing but `given` decorates: its examples and deadlines are other ones each time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and len(node.decorator_list) == 1:
            (only,) = node.decorator_list
            if isinstance(only, ast.Call) and ast.unparse(only.func) == "given":
                yield node.lineno


def test_made_up_examples_are_the_same_each_time() -> None:
    """tests/examples.py says how."""
    assert list(left_to_chance(ast.parse("@given(x())\ndef test_a(x): ...")))
    assert not list(left_to_chance(ast.parse("@given(x())\n@examples(9, home=SQLITE)\ndef test_a(x): ...")))
    assert [f"{name(file)}:{line}" for file in modules("tests") for line in left_to_chance(tree(file))] == []


PARTS_OF_A_DATE = {"year", "month", "day"}


def dates_that_may_not_be(tree: ast.AST) -> Iterator[int]:
    """Lines that put another year, month or day into a date: on 29 February, or the 31st, there may be no such day."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="replace"), keywords=parts) if {
                p.arg for p in parts
            } & PARTS_OF_A_DATE:
                yield node.lineno


def test_no_date_is_made_of_parts_of_today() -> None:
    assert list(dates_that_may_not_be(ast.parse("timezone.now().replace(year=2030)")))
    assert not list(dates_that_may_not_be(ast.parse("timezone.now().replace(hour=0, tzinfo=UTC)")))
    files = modules("identity", "scim", "portal", "tests")
    assert [f"{name(file)}:{line}" for file in files for line in dates_that_may_not_be(tree(file))] == []


READS_THE_CLOCK = {"timezone.now", "time.time", "datetime.now", "date.today", "timezone.localdate"}


def calls_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """What is called while the module is read: not in bodies of functions, but in their decorators and defaults."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                waiting += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
            case ast.Lambda():
                pass
            case _:
                waiting += ast.iter_child_nodes(node)


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def clock_readers(trees: list[ast.Module]) -> set[str]:
    """The functions of the tests that read the clock, however deep."""
    readers = set(READS_THE_CLOCK)
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    calls = {
        one.name: {ast.unparse(call.func) for call in ast.walk(one) if isinstance(call, ast.Call)} for one in functions
    }
    while found := {function for function, called in calls.items() if called & readers} - readers:
        readers |= found
    return readers


def test_no_test_reads_the_clock_while_it_is_collected() -> None:
    """It would be old when the test runs, and each worker of a run would collect another test."""
    files = modules("tests")
    readers = clock_readers([tree(file) for file in files if not {"bench", "crash"} & {*file.parts}])
    assert "utc" in readers
    assert [
        f"{name(file)}:{call.lineno} {ast.unparse(call)}"
        for file in files
        for call in calls_at_import(tree(file))
        if ast.unparse(call.func) in readers
    ] == []


IN_TEXT = ("text", "universal_newlines")  # of a program's output
MODE = re.compile(r"^[rwax+t]+$")


def hangs_on_the_locale(call: ast.Call) -> bool:
    """Reads or writes text, in whatever encoding the machine's locale has."""
    said = {keyword.arg: keyword.value for keyword in call.keywords}
    if "encoding" in said:
        return False
    match call.func:
        case ast.Attribute(attr="read_text"):
            return not call.args
        case ast.Attribute(attr="write_text"):
            return len(call.args) < 2
        case ast.Name(id="open"):
            return len(call.args) < 2 or is_text_mode(call.args[1])
        case ast.Attribute(attr="open" | "fdopen" | "NamedTemporaryFile" | "TemporaryFile"):
            return any(map(is_text_mode, [*call.args, *filter(None, [said.get("mode")])]))
    return any(isinstance(value, ast.Constant) and value.value is True for value in map(said.get, IN_TEXT))


def is_text_mode(mode: ast.expr) -> bool:
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(MODE.match(mode.value))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("file.read_text()", True),
        ("file.write_text(text)", True),
        ("file.write_text(text, 'utf-8')", False),
        ("file.open('w')", True),
        ("open(name)", True),
        ("subprocess.run(command, text=True)", True),
        ("tempfile.TemporaryFile('w+')", True),
        ("file.read_text(encoding='utf-8')", False),
        ("file.open('rb')", False),
        ("open(name, 'wb')", False),
        ("conflicts.open()", False),
        ("subprocess.run(command)", False),
    ],
)
def test_text_in_the_encoding_of_the_locale_is_recognised(source: str, expected: bool) -> None:
    assert (
        any(hangs_on_the_locale(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)) is expected
    )


def test_every_text_names_its_encoding() -> None:
    """A machine whose locale is C or Latin-1 reads and writes what all others do."""
    files = [*modules("identity", "scim", "portal", "tests"), ROOT / "manage.py"]
    assert [
        f"{name(file)}:{node.lineno}" for file in files for node in calls_in(tree(file)) if hangs_on_the_locale(node)
    ] == []
