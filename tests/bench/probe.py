"""Requests to Gatehouse inside one process: exact statement counts, database time, CPU time, profiles.

`ask` starts this module as a process of its own, since a process has one database in its settings.
"""

from __future__ import annotations

import cProfile
import io
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from tests.processes import ROOT, run

FIRST_LINES = 500  # of a file that is made while it is sent: its first batch
TO_PROBE = 3600.0  # seconds
Request = dict[str, Any]
Answer = dict[str, Any]


def request(name: str, method: str, path: str, body: Any = None) -> Request:
    """One kind of request. In a string, `%d` is replaced by a number that is new each time."""
    return {"name": name, "method": method, "path": path, "body": body}


def ask(
    address: str,
    token: str,
    requests: list[Request],
    *,
    repeat: int = 50,
    profile: bool = False,
    once: bool = False,
    signed_in_as: str = "",
    settings: str = "portal.settings",
) -> list[Answer]:
    """What each request costs: status, statements, db_ms, cpu_ms, and with `profile` the costliest functions.

    With `once` each is made a single time, and CPU time is left out; with `repeat` 0 too, and what comes is its text.
    """
    order = {
        "token": token,
        "requests": requests,
        "repeat": repeat,
        "profile": profile,
        "once": once,
        "signed_in_as": signed_in_as,
    }
    environment = os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": settings, "SECRET_KEY": "benchmark"}
    done = run(
        [sys.executable, "-m", "tests.bench.probe"],
        environment=environment | {"DEBUG": "false", "PORT": "8000"},
        input=json.dumps(order),
        limit=TO_PROBE,
        check=True,
    )
    answers: list[Answer] = json.loads(done.stdout)
    return answers


class Inside:
    """The portal as a WSGI application, called without a server."""

    def __init__(self, token: str, cookie: str) -> None:
        from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - after the settings are known

        self.application = get_wsgi_application()
        self.token, self.cookie = token, cookie
        self.number = time.monotonic_ns() // 1000

    def call(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        self.number += 1
        path, _, query = path.replace("%d", str(self.number)).partition("?")
        raw = b"" if body is None else json.dumps(body).replace("%d", str(self.number)).encode()
        statuses: list[int] = []
        environ = self._environ(method, path, query, raw)
        response = self.application(environ, lambda line, headers, *_: statuses.append(int(line[:3])))
        is_file = getattr(response, "streaming", False)
        content = b"".join(islice(response, FIRST_LINES) if is_file else response)
        response.close()
        return statuses[0], content

    def _environ(self, method: str, path: str, query: str, raw: bytes) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "CONTENT_LENGTH": str(len(raw)),
            "CONTENT_TYPE": "application/scim+json" if raw else "",
        }
        if self.cookie:
            return environ | {"HTTP_COOKIE": self.cookie}
        environ["PATH_INFO"] = f"/scim/v2{path}"
        return environ | {"HTTP_AUTHORIZATION": f"Bearer {self.token}"}


class Statements:
    """Counts what reaches the database, without savepoints, and how long it takes there and back."""

    def __init__(self) -> None:
        self.sql: list[str] = []
        self.seconds = 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seconds = time.perf_counter() - started
            self.seconds += seconds
            if "SAVEPOINT" not in sql:
                self.sql.append(f"{seconds * 1000:.2f} ms: {' '.join(sql.split())}")


def _answer(inside: Inside, wanted: Request, order: dict[str, Any]) -> Answer:
    def call() -> tuple[int, bytes]:
        return inside.call(wanted["method"], wanted["path"], wanted["body"])

    repeat = order["repeat"]
    if order["once"]:
        return {"name": wanted["name"], **_measured(call)}
    status, content = call()
    if not repeat:
        return {"name": wanted["name"], "status": status, "text": content.decode()}
    answer = {"name": wanted["name"], **_measured(call), "cpu_ms": _cpu_ms(call, repeat)}
    return answer | ({"top": _profiled(call, repeat)} if order["profile"] else {})


def _measured(call: Callable[[], tuple[int, bytes]]) -> Answer:
    from django.db import connection  # noqa: PLC0415 - after the settings are known

    statements = Statements()
    with connection.execute_wrapper(statements):
        status, content = call()
    return {
        "status": status,
        "bytes": len(content),
        "statements": len(statements.sql),
        "sql": statements.sql,
        "db_ms": statements.seconds * 1000,
    }


def _cpu_ms(call: Callable[[], object], repeat: int) -> float:
    started = time.process_time()
    for _ in range(repeat):
        call()
    return (time.process_time() - started) * 1000 / repeat


def _profiled(call: Callable[[], object], repeat: int) -> list[dict[str, Any]]:
    """Functions by their share of the time, calls below them included."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(repeat):
        call()
    profiler.disable()
    stats: Any = pstats.Stats(profiler)
    rows = [
        {
            "function": _place(*where),
            "calls": calls / repeat,
            "own": own / stats.total_tt,
            "below": below / stats.total_tt,
        }
        for where, (_, calls, own, below, _) in stats.stats.items()
    ]
    return sorted(rows, key=lambda row: -row["below"])[:120]


def _place(file: str, line: int, name: str) -> str:
    parts = Path(file).parts
    if "site-packages" in parts:
        parts = parts[parts.index("site-packages") + 1 :]
    elif file.startswith(str(ROOT)):
        parts = Path(file).relative_to(ROOT).parts
    else:
        parts = parts[-1:]
    return f"{'/'.join(parts)}:{line} {name}"


def _cookie(username: str) -> str:
    if not username:
        return ""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - after the settings are known
    from django.test import Client  # noqa: PLC0415

    client = Client()
    client.force_login(get_user_model().objects.get(username=username))
    session = client.session
    session["signed_in_at"] = time.time()  # some pages ask for a fresh sign-in first
    session.save()
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def main() -> None:
    import django  # noqa: PLC0415 - its settings come with the environment of this process

    django.setup()
    order = json.load(sys.stdin)
    inside = Inside(order["token"], _cookie(order["signed_in_as"]))
    answers = [_answer(inside, wanted, order) for wanted in order["requests"]]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
