"""A company sets up its identity provider, grows, meets a conflict, enforces SSO, lets people go: the same
through the pages and SCIM, through the REST API alone, and through the command line alone.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.company.commands import CommandLine
from tests.company.pages import Pages
from tests.company.rest import RestAPI
from tests.company.story import FINAL, OWNER, Door, play, state
from tests.portal.shell import run

DOORS: dict[str, Callable[[Path], Door]] = {
    "the pages and SCIM": lambda folder: Pages(),
    "the REST API": lambda folder: RestAPI(),
    "the command line": CommandLine,
}


@pytest.mark.django_db
@pytest.mark.parametrize("door", DOORS)
def test_a_companys_whole_life_ends_in_the_same_state_through_every_door(door: str, tmp_path: Path) -> None:
    """The first owner is made on the server, whichever door is used from then on (docs/design/rules.md)."""
    run("create_owner", *(part for name, value in OWNER.items() for part in (f"--{name}", value)))
    play(DOORS[door](tmp_path))
    assert state() == FINAL
