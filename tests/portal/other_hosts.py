"""Another host, with nothing on it yet, and commands that are run there, or die there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from psycopg import sql

from tests import processes
from tests.portal.shell import in_a_shell, shell_environment

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Host:
    """Another one, where commands are run."""

    project: Path
    environment: dict[str, str]

    def __call__(self, *words: str, **environment: str) -> Done:
        return in_a_shell(self.project, *words, **self.environment | environment)

    def all(self, *commands: str, **environment: str) -> list[Done]:
        """One after another in one process, which starts only once: with the key that it found then."""
        done = self._python(IN_ONE_PROCESS, *commands, **environment)
        assert done.returncode == 0, done.stderr
        return [Done(command, *told) for command, told in zip(commands, json.loads(done.stdout), strict=True)]

    def killed(self, when: str, *words: str) -> None:
        """A command that dies at the moment that these lines of Python bring about."""
        done = self._python(f"{DYING}{when}\n{RUN}", *words)
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr

    def _python(self, program: str, *words: str, **environment: str) -> Done:
        known = shell_environment() | {"DJANGO_SETTINGS_MODULE": "portal.settings"} | self.environment | environment
        return processes.run([sys.executable, "-c", program, *words], cwd=self.project, environment=known)


IN_ONE_PROCESS = """
import contextlib, io, json, shlex, sys
from django.core.management import execute_from_command_line
told = []
for command in sys.argv[1:]:
    code, out, error = 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            execute_from_command_line(["manage.py", *shlex.split(command)])
        except SystemExit as end:
            code = end.code
    told.append([code, out.getvalue(), error.getvalue()])
print(json.dumps(told))
"""
DYING = """
import os, signal, sqlite3, sys
import django
django.setup()
from portal.backup import keys, postgresql, sqlite
def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)
"""
RUN = """
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""
IN_THE_MIDDLE = {
    "sqlite": """
class Half(sqlite3.Connection):
    def backup(self, target, **how):
        super().backup(target, pages=9, progress=lambda status, left, pages: left < pages / 2 and die())
sqlite._open = lambda part: sqlite3.connect(part, factory=Half)
""",
    "postgresql": """
def half(script, to):
    whole = script.read()
    to.write(whole[: len(whole) * 9 // 10])
    to.flush()
    die()
postgresql._pass_on = half
""",
}
BEFORE_THE_KEY = "keys.os.replace = die"


class empty_database:  # noqa: N801 - read as a function
    """A database of this run's kind with nothing in it: its address."""

    def __init__(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'other.sqlite3'}"

    def __enter__(self) -> str:
        if connection.vendor == "postgresql":
            self._do("CREATE DATABASE {}")
            self.url = urlsplit(shell_environment()["DATABASE_URL"])._replace(path=f"/{self._name}").geturl()
        return self.url

    def __exit__(self, *error: object) -> None:
        if connection.vendor == "postgresql":
            self._do("DROP DATABASE {} WITH (FORCE)")

    @property
    def _name(self) -> str:
        return f"{connection.settings_dict['NAME']}_other"

    def _do(self, statement: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(sql.SQL(statement).format(sql.Identifier(self._name)))
