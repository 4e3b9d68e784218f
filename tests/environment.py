"""What the machine says to a portal is not said to its tests: every variable that the README offers is taken away.

Commands and servers that tests start inherit the same clean environment. Which database a run is on is the one thing
that is asked for from outside, by `DATABASE_URL` (tests/postgres.py).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

KEPT = frozenset({"DATABASE_URL"})
OFFERED = frozenset(
    {
        "ALLOWED_HOSTS",
        "API_REQUESTS_PER_MINUTE",
        "AUDIT_EVENTS",
        "AUDIT_PERSONAL_DATA_DAYS",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_URL",
        "DEBUG",
        "DEFAULT_FROM_EMAIL",
        "EMAIL_URL",
        "FORWARDED_ALLOW_IPS",
        "GUNICORN_CMD_ARGS",
        "HOST",
        "PORT",
        "PROVISIONING_LOG_DAYS",
        "PUBLIC_URL",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "SESSION_IDLE_MINUTES",
        "SSO_INTERNAL_ORIGINS",
        "STATEMENT_TIMEOUT",
        "SUPPORT_CONTACT",
        "TASKS",
        "WEB_CONCURRENCY",
    }
)


def without_database() -> dict[str, str]:
    """This process's environment, for a process whose database is its own affair."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


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
