"""docs/api.md is true: its examples are run against a live portal, one after the other, and answer what it says."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from portal.api.problems import KINDS
from tests import processes
from tests.factories import make_api_token, make_owner, make_support
from tests.loops import each
from tests.programs import not_here

BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
END = "--- the next example ---"
ANYTHING = "…"


def examples(guide: str) -> list[tuple[str, str]]:
    """Each script with what it is said to print, nothing when that is not said."""
    found: list[tuple[str, str]] = []
    for language, text in BLOCK.findall(guide):
        if language == "sh":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], text)
    return found


@pytest.fixture
def guide(project: Path) -> str:
    return (project / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_the_examples_answer_what_the_guide_says(guide: str, live_server: LiveServer, tmp_path: Path) -> None:
    if not (shutil.which("curl") and shutil.which("jq")):
        not_here("curl or jq", "make programs")
    secrets = {"TOKEN": make_api_token(make_owner()), "SUPPORT_TOKEN": make_api_token(make_support())}
    told = examples(guide)
    printed = run([script for script, _ in told], secrets | {"PORTAL": live_server.url}, tmp_path)
    assert len(told) > 10
    for (script, said), answer in zip(told, printed, strict=True):
        expected, actual = documents(said), documents(answer) if said else []
        assert len(actual) == len(expected), f"{script}\nprinted\n{answer}"
        assert all(map(matches, expected, actual)), f"{script}\nprinted\n{answer}\ninstead of\n{said}"


def run(scripts: list[str], environment: dict[str, str], folder: Path) -> list[str]:
    """What each script prints, all in one shell; the guide's own values for the portal and the token are left out."""
    placed = [re.sub(r"^export (PORTAL|TOKEN)=(https|ghapi).*$", "", script, flags=re.MULTILINE) for script in scripts]
    whole = "set -euo pipefail\n" + "".join(f"{script}\necho\necho '{END}'\n" for script in placed)
    done = processes.run(["bash", "-c", whole], environment=os.environ | environment, cwd=folder, check=True)
    return done.stdout.split(f"{END}\n")[:-1]


def documents(text: str) -> list[Any]:
    """The JSON documents that stand in a text one after the other."""
    found, rest, decoder = [], text.strip(), json.JSONDecoder()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def matches(said: Any, answered: Any) -> bool:
    """What the guide shows is there; it may leave out names, and write … for what differs each time."""
    match said:
        case dict():
            return isinstance(answered, dict) and all(
                name in answered and matches(value, answered[name]) for name, value in said.items()
            )
        case list():
            return isinstance(answered, list) and len(said) == len(answered) and all(map(matches, said, answered))
    return bool(said in (ANYTHING, answered))


def test_the_guide_names_every_kind_of_problem(guide: str) -> None:
    rows = {f"| `{slug}` | {status} |" for status, slug, _ in each(KINDS.values(), at_least=10)}
    assert sorted(row for row in rows if row not in guide) == []
