"""The administrators' list of users in a large directory."""

from __future__ import annotations

import json

from tests.bench import databases, probe
from tests.bench.processes import VAR
from tests.bench.registry import Result, Scale, Table, Target, scenario

STATEMENTS = 10
MILLISECONDS = 100.0


@scenario("admin_list", "The admin user list and its search")
def admin_list(scale: Scale) -> Result:
    size = scale.users[-1]
    number = size // 2
    wanted = [
        probe.request("first page", "GET", "/admin/identity/user/"),
        probe.request("search, one username", "GET", f"/admin/identity/user/?q=user{number:07}@corp.example"),
        probe.request("search, beginning of usernames", "GET", f"/admin/identity/user/?q=user{number // 100:05}"),
        probe.request("search, a first name that all have", "GET", "/admin/identity/user/?q=Ava"),
        probe.request("search, nobody", "GET", "/admin/identity/user/?q=zzzz"),
    ]
    answers = probe.ask(databases.people(size), databases.token(), wanted, repeat=3, signed_in_as="olga")
    wrong = [answer for answer in answers if answer["status"] != 200]
    if wrong:
        raise RuntimeError(f"the admin answered {wrong[0]['status']} to {wrong[0]['name']}")
    (VAR / "admin-statements.json").write_text(json.dumps(answers, indent=1), encoding="utf-8")
    rows = [[a["name"], a["statements"], a["db_ms"], a["cpu_ms"]] for a in answers]
    table = Table(f"{size:,} users", ["page", "statements", "database ms", "application CPU ms"], rows)
    return Result([table], [_target(answer, size) for answer in answers])


def _target(answer: probe.Answer, size: int) -> Target:
    met = answer["statements"] < STATEMENTS and answer["db_ms"] <= MILLISECONDS
    return Target(
        f"admin users at {size:,}, {answer['name']}",
        f"< {STATEMENTS} statements, ≤ {MILLISECONDS:.0f} ms in the database",
        f"{answer['statements']}, {answer['db_ms']:.0f} ms",
        met,
    )
