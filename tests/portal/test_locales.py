"""What the portal reads and writes is UTF-8, in a locale that knows only ASCII as well."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from identity.models import User
from tests.factories import make_user
from tests.portal.shell import shell_environment
from tests.processes import LIMIT

pytestmark = pytest.mark.once

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def manage(project: Path, *arguments: str, said: str = "", **environment: str) -> tuple[str, str]:
    """What a command that succeeds says on standard output, and on standard error."""
    done = subprocess.run(
        [sys.executable, "manage.py", *(argument.encode() for argument in arguments)],
        cwd=project,
        env=shell_environment() | ASCII | environment,
        input=said.encode(),
        capture_output=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(), done.stderr.decode()


@pytest.mark.django_db(transaction=True)
def test_names_are_read_and_written_in_utf8(project: Path) -> None:
    make_user("zoë", last_name="Łukasz")
    for command in (["show_user", "zoë"], ["list_users"], ["list_users", "--json"], ["export_users"]):
        assert "Łukasz" in manage(project, *command)[0]


@pytest.mark.django_db(transaction=True)
def test_a_secret_is_read_in_utf8(project: Path) -> None:
    secret = "ein längerer Schlüssel für Zoë"
    manage(project, "create_owner", "--username", "ada", "--email", "", "--password", "-", said=f"{secret}\n")
    assert PBKDF2PasswordHasher().verify(secret, User.objects.get(username="ada").password)


@pytest.mark.django_db(transaction=True)
def test_the_file_of_audit_events_is_written_in_utf8(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    _, complaints = manage(project, "create_group", "Köche", AUDIT_EVENTS=str(file))
    assert "Logging error" not in complaints
    (event,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert "Köche" in json.dumps(event, ensure_ascii=False)


def test_a_terminal_of_ascii_is_shown_escapes(project: Path) -> None:
    reader, terminal = pty.openpty()
    environment = shell_environment() | ASCII | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "doctor"]
    subprocess.run(command, cwd=project, env=environment, stdout=terminal, stderr=terminal, check=False, timeout=LIMIT)
    assert rb"\u2192 Start it, or set DATABASE_URL" in os.read(reader, 65536)
    os.close(terminal)
    os.close(reader)
