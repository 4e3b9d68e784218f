"""The law in docs/design: what code, tests and pages cite is there, and every rule is proven by tests that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.loops import each
from tests.sources import ROOT, modules, name

pytestmark = pytest.mark.once

DESIGN = ROOT / "docs" / "design"
OF_OTHERS = "node_modules"
PAGES = [
    page
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
    if OF_OTHERS not in page.parts
]
SOURCES = [
    *modules("identity", "scim", "portal", "tests"),
    *(ROOT / "identity" / "migrations").glob("*.py"),
    *(ROOT / "portal" / "templates").rglob("*.html"),
    *(ROOT / "portal" / "templates").rglob("*.txt"),
    *(ROOT / "portal" / "static" / "portal").glob("*.*"),
    *(ROOT / name for name in ("pyproject.toml", "Makefile", "manage.py")),
]
THIS = Path(__file__)

NUMBER = re.compile(r"R\d+[ab]?|SR-\d+")
LESSON = re.compile(r"^\| (L\d+) \|", re.MULTILINE)
CITATION = re.compile(r"(?<!\w)(R\d{1,3}[a-z]?|SR-\d{1,3}|L\d{1,2})\b")
TESTS_NAME = re.compile(r"def test_(s?r)(\d+[a-z]?)_")
TESTS = re.compile(r"^- Tests: (.+(?:\n  .+)*)", re.MULTILINE)
NOT_BUILT = "- Status: not built yet"
TEST = re.compile(r"`(tests/[\w/]+\.py)?(?:::(test_\w+))?`")

DOCUMENT = re.compile(r"(?<![\w/.<-])((?:[\w-]+/)*[\w-]+\.md)\b")
OURS = "identity|scim|portal|tests|docs"
PLACE = re.compile(rf"(?<![\w/.:-])((?:{OURS})/[\w./-]*\w\.(?:py|md|html|txt|yaml|toml|css|js|svg))\b(?:::(\w+))?")
FOLDER = re.compile(rf"`((?:{OURS})/(?:[\w-]+/)*)`")
PAST = {ROOT / "CHANGELOG.md"}  # tells of files that have gone since
ELSEWHERE = {
    *("survivors.md", "table.md", "var/mutants/survivors.md"),  # written by a run
    *("doc/admin/auth/saml/jumpcloud.md", "book/src/work/scim.md"),  # in repositories of vendors
    *(f"okta/vuepress-site/docs/{page}/index.md" for page in ("reference/scim/scim-20", "concepts/scim/faqs")),
}

LAW_ELSEWHERE = re.compile(r"\bDESIGN\b|\.\./shared/(?!idp-traffic)")


@cache
def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def articles(text: str) -> dict[str, str]:
    """What stands below each heading of a rule or requirement."""
    sections = re.split(r"^#{2,3} ", text, flags=re.MULTILINE)
    return {number: section for section in sections if NUMBER.fullmatch(number := section.partition("\n")[0])}


RULES = articles(text_of(DESIGN / "rules.md"))
REQUIREMENTS = articles(text_of(DESIGN / "security.md"))
LESSONS = LESSON.findall(text_of(DESIGN / "security.md"))
DEFINED = {*RULES, *REQUIREMENTS, *LESSONS}
NOT_BUILT_YET = {rule for rule, text in RULES.items() if NOT_BUILT in text}


def cited(text: str) -> Iterator[str]:
    """R7, R6b, SR-26 and L11, ends of ranges included, and the rules that tests are named after."""
    yield from CITATION.findall(text)
    yield from (f"{'SR-' if kind == 'sr' else 'R'}{number}" for kind, number in TESTS_NAME.findall(text))


def named_tests(text: str) -> Iterator[tuple[str, str]]:
    """(file, test) for each test that is named; `::test_…` alone is in the file before it, a file alone has no test."""
    file = ""
    for found, test in TEST.findall(text):
        if found or test:
            file = found or file
            yield file, test


@cache
def those_of(file: str) -> set[str]:
    path = ROOT / file
    tree = ast.parse(text_of(path) if path.is_file() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def unproven(text: str) -> list[str]:
    """What is wrong with the tests that an article names."""
    found = TESTS.search(text)
    if found is None:
        return ["names no test"]
    named = list(named_tests(found[1]))
    missing = [f"{file}::{test}" for file, test in named if not (test in those_of(file) if test else those_of(file))]
    return missing or ([] if named else ["names no test"])


def lost(text: str, page: Path) -> list[str]:
    """Documents, files, tests and folders that it names and that are not there."""
    documents = [found for found in DOCUMENT.findall(text) if found not in ELSEWHERE and not is_page(found, page)]
    places = [f"{file}::{test}" for file, test in PLACE.findall(text) if not is_place(file, test, page)]
    tests = [f"{file}::{test}" for file, test in named_tests(text) if test and test not in those_of(file)]
    folders = [folder for folder in FOLDER.findall(text) if not (ROOT / folder).is_dir()]
    return list(dict.fromkeys([*documents, *places, *tests, *folders]))


def is_page(found: str, page: Path) -> bool:
    return any((folder / found).is_file() for folder in (page.parent, ROOT, ROOT / "docs", DESIGN, ROOT / "tests"))


def is_place(file: str, test: str, page: Path) -> bool:
    """Templates and static files are named as Django finds them, and tests/README.md names what lies beside it."""
    folders = (ROOT, page.parent, ROOT / "portal", ROOT / "portal" / "templates", ROOT / "portal" / "static")
    return any((folder / file).is_file() for folder in folders) and (not test or test in those_of(file))


def test_rules_and_requirements_are_numbered_without_gaps() -> None:
    numbers = [rule for rule in RULES if rule[-1].isdigit()]
    assert numbers == [f"R{number}" for number in range(1, 31)]
    assert list(REQUIREMENTS) == [f"SR-{number}" for number in range(1, 47)]
    assert [f"L{number}" for number in range(1, 24)] == LESSONS


@pytest.mark.parametrize("article", [*(rule for rule in RULES if rule not in NOT_BUILT_YET), *REQUIREMENTS])
def test_each_is_proven_by_tests_that_exist(article: str) -> None:
    assert unproven({**RULES, **REQUIREMENTS}[article]) == []


@pytest.mark.parametrize("rule", sorted(RULES.keys() - NOT_BUILT_YET))
def test_every_rule_has_its_sentence(rule: str) -> None:
    tests = those_of("tests/test_product_rules.py")
    assert [test for test in tests if test.startswith(f"test_{rule.lower()}_")] != []


def test_what_is_cited_is_defined() -> None:
    files = [file for file in (*SOURCES, *PAGES) if file != THIS]
    undefined = [
        f"{name(file)} cites {citation}"
        for file in each(files, at_least=500)
        for citation in cited(text_of(file))
        if citation not in DEFINED
    ]
    assert undefined == []


def test_what_is_not_built_yet_is_cited_by_no_code() -> None:
    premature = [
        f"{name(file)} cites {citation}"
        for file in each(SOURCES, at_least=400)
        if file != THIS
        for citation in cited(text_of(file))
        if citation in NOT_BUILT_YET
    ]
    assert premature == []


def test_documents_files_and_tests_that_are_named_exist() -> None:
    files = [file for file in (*SOURCES, *PAGES) if file != THIS and file not in PAST]
    found = [f"{name(file)} names {one}" for file in each(files, at_least=500) for one in lost(text_of(file), file)]
    assert found == []


def test_the_law_is_in_this_repository() -> None:
    files = [file for file in (*SOURCES, *PAGES) if file != THIS]
    found = [
        f"{name(file)} cites {citation}"
        for file in each(files, at_least=500)
        for citation in LAW_ELSEWHERE.findall(text_of(file))
    ]
    assert found == []


# --- each kind of fault is recognised ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Told (R7, SR-26)."""', ["R7", "SR-26"]),
        ('"""R14-R18: histories; R6b, L11"""', ["R14", "R18", "R6b", "L11"]),
        ("def test_r22_a_reset_link() -> None:\ndef test_sr33_what() -> None:", ["R22", "SR-33"]),
        ("CVE-2025-1 XR7 UTF-R8xx JR-1 R2D2", []),
    ],
)
def test_a_citation_is_recognised(text: str, expected: list[str]) -> None:
    assert list(cited(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- Tests: `tests/test_design.py::test_a_citation_is_recognised`,\n  `::test_every_rule_has_its_sentence`", []),
        ("- Tests: `tests/test_design.py`", []),
        ("- Code: `identity/policy.py`", ["names no test"]),
        ("- Tests: by looking", ["names no test"]),
        ("- Tests: `tests/test_nothing.py`", ["tests/test_nothing.py::"]),
        ("- Tests: `tests/test_design.py::test_gone`", ["tests/test_design.py::test_gone"]),
        ("- Tests: `tests/test_design.py`,\n  `::test_gone`", ["tests/test_design.py::test_gone"]),
        ("- Tests: `tests/sources.py`", ["tests/sources.py::"]),
    ],
)
def test_what_proves_nothing_is_recognised(text: str, expected: list[str]) -> None:
    assert unproven(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see docs/events.md, rules.md and `identity/policy.py`", []),
        ("https://example.com/docs/gone.md and /etc/identity/gone.py", []),
        ("see docs/gone.md", ["docs/gone.md", "docs/gone.md::"]),
        ("(GONE.md)", ["GONE.md"]),
        ("`identity/gone.py`", ["identity/gone.py::"]),
        ("`tests/test_design.py::test_gone`", ["tests/test_design.py::test_gone"]),
        ("`tests/test_design.py::test_a_citation_is_recognised`, `::test_gone`", ["tests/test_design.py::test_gone"]),
        ("in `portal/gone/`", ["portal/gone/"]),
    ],
)
def test_what_is_lost_is_recognised(text: str, expected: list[str]) -> None:
    assert lost(text, DESIGN / "rules.md") == expected


@pytest.mark.parametrize("text", ["(DESIGN section 4)", "DESIGN.md", "../shared/rules.txt"])
def test_a_law_elsewhere_is_recognised(text: str) -> None:
    assert LAW_ELSEWHERE.search(text)


# --- what a newcomer adds ---

ADDITIONS = (
    *("A SCIM attribute", "A kind of identity provider", "A role", "A REST resource", "A command", "An audit event"),
    *("A reader of events", "A column of the user list", "A mode flag", "A refusal, or its text"),
    *("Retention of another record", "Work that is due at a time", "A safeguard"),
)
STEP = re.compile(r"^\d+\. (.+(?:\n   .+)*)", re.MULTILINE)
FIRST_PLACE = re.compile(r"`((?:identity|scim|portal)/[\w./]*)`")


def steps_of(addition: str) -> list[str]:
    text = text_of(DESIGN / "architecture.md")
    _, _, section = text.partition(f"### {addition}\n")
    return STEP.findall(re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0])


@pytest.mark.parametrize("addition", ADDITIONS)
def test_what_a_newcomer_adds_touches_four_files(addition: str) -> None:
    """Each step begins with its file or folder, which is there; a mode flag has more of them."""
    steps = steps_of(addition)
    assert steps
    if addition != "A mode flag":
        assert len(steps) <= 4
        places = [FIRST_PLACE.match(step) for step in steps]
        assert [step for step, place in zip(steps, places, strict=True) if place is None] == []
        assert [place[1] for place in places if place and not (ROOT / place[1]).exists()] == []


@pytest.mark.parametrize("rule", sorted(RULES.keys() - NOT_BUILT_YET))
def test_each_rule_names_the_code_that_carries_it(rule: str) -> None:
    found = re.search(r"^- Code: (.+(?:\n  .+)*)", RULES[rule], re.MULTILINE)
    assert found is not None
    assert PLACE.search(found[1]) or FOLDER.search(found[1])
