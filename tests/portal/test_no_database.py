"""A command whose database is not there, not migrated or takes no writes says so, and what to do: exit code 69."""

import json
from pathlib import Path

import pytest
from django.db import ProgrammingError

from tests.interruptions import failing
from tests.portal.shell import in_a_shell, refusal, run

NOWHERE = "postgres://nobody@127.0.0.1:1/none"
SILENT = "The database does not answer (OperationalError). Start it, or set DATABASE_URL to where it is."


@pytest.mark.once
@pytest.mark.parametrize("command", ["list_users", "migrate"])
def test_one_that_does_not_answer(command: str, project: Path) -> None:
    done = in_a_shell(project, command, DATABASE_URL=NOWHERE)
    assert (done.returncode, done.stderr.strip()) == (69, f"CommandError: {SILENT}")


@pytest.mark.once
def test_one_that_was_not_migrated(project: Path, tmp_path: Path) -> None:
    done = in_a_shell(project, "create_group", "Staff", "--json", DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["code"]) == (69, "no_database")
    assert error["sentence"].startswith("The database is not this release's: ")
    assert error["sentence"].endswith(" migrations wait to be applied. Run `manage.py migrate`.")


@pytest.mark.django_db(transaction=True)
def test_one_that_takes_no_writes() -> None:
    with failing("INSERT"):
        code, sentence = refusal("create_group", "Staff")
    assert code == 69
    assert sentence.startswith("The database takes no writes (OperationalError: ")
    assert sentence.endswith("See whether it is a standby, was made read-only, or has no room left on its disk.")


@pytest.mark.django_db(transaction=True)
def test_one_that_was_held_up_for_a_moment() -> None:
    with failing("identity_group", times=1):
        code, sentence = refusal("create_group", "Staff")
    assert code == 69
    assert sentence.startswith("The database did not do it (OperationalError: ")
    assert sentence.endswith("Try again.")


@pytest.mark.django_db(transaction=True)
def test_a_mistake_of_the_portals_own_is_not_called_the_databases() -> None:
    with failing("identity_group", error=ProgrammingError), pytest.raises(ProgrammingError):
        run("create_group", "Staff")
