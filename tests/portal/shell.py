"""Running the portal's commands: inside the test's process, or in one of their own."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests import processes

# What the deployment checks want.
IN_PRODUCTION = {"PUBLIC_URL": "https://portal.example.com", "EMAIL_URL": "smtp+tls://mail.example.com:587"}


def run(*arguments: str, **options: Any) -> str:
    """What the command prints on standard output."""
    printed = StringIO()
    call_command(*arguments, stdout=printed, stderr=StringIO(), **options)
    return printed.getvalue()


def answer(*arguments: str) -> Any:
    """What the command prints with --json."""
    return json.loads(run(*arguments, "--json"))


def refusal(*arguments: str) -> tuple[int, str]:
    """The exit code and sentence of a command that refuses."""
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value.returncode, str(caught.value)


def in_a_shell(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` in a process of its own, on the database of this test."""
    command = [sys.executable, "manage.py", *arguments]
    return processes.run(command, cwd=project, environment=shell_environment() | environment)


def shell_environment() -> dict[str, str]:
    return os.environ | {"DATABASE_URL": url_of_this_database(), "DEBUG": "false"}


def url_of_this_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
