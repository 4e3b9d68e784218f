"""The suite is hermetic: what is set on the machine reaches no test."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests import environment

READ_BY_SETTINGS = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"|os\.environ(?:\.get\(|\[)['\"]([A-Z_]+)['\"]")
OFFERED_BY_README = re.compile(r"`([A-Z][A-Z_]+)`")


def test_every_variable_that_is_read_is_taken_away(project: Path) -> None:
    sources = [*project.glob("portal/**/*.py"), *project.glob("identity/**/*.py"), *project.glob("scim/**/*.py")]
    read = {
        name
        for source in sources
        for pair in READ_BY_SETTINGS.findall(source.read_text(encoding="utf-8"))
        for name in pair
        if name
    }
    assert len(read) > 15
    assert read <= environment.OFFERED


def test_every_variable_that_the_readme_offers_is_taken_away(project: Path) -> None:
    readme = (project / "README.md").read_text(encoding="utf-8")
    table = readme.split("## Configuration")[1].split("## In production")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    offered = {name for row in rows for name in OFFERED_BY_README.findall(row.split("|")[1])}
    assert offered == environment.OFFERED


def test_none_of_them_is_set_while_tests_run() -> None:
    assert environment.OFFERED & set(os.environ) <= environment.KEPT
