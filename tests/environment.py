"""What the machine says to a portal is not said to its tests: every variable that the portal reads is taken away.

Commands and servers that tests start inherit the same clean environment. Which database a run is on is the one thing
that is asked for from outside, by `DATABASE_URL` (tests/postgres.py).
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields
from pathlib import Path

from portal.project.variables import Variables

KEPT = frozenset({"DATABASE_URL"})
OFFERED = frozenset(one.name for one in fields(Variables))


def without_database() -> dict[str, str]:
    """This process's environment, for a process whose database is its own affair."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def nothing_set() -> dict[str, str]:
    """This process's environment without any variable of the portal's.

    The browser tests set the other one in this process; a deployment must not (Django's async_unsafe check).
    """
    return {name: value for name, value in os.environ.items() if name not in OFFERED | {"DJANGO_ALLOW_ASYNC_UNSAFE"}}


def clear() -> None:
    for name in OFFERED - KEPT:
        os.environ.pop(name, None)


def keep_bytecode(folder: Path) -> None:
    """Where Python may write none beside the code, it goes to this folder: pytest rewrites every `assert` otherwise.

    That is a third of what it takes to read the tests, in each process of a run.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
