"""Where the time of the ten most frequent requests goes (cProfile, inside one process)."""

from __future__ import annotations

import json

from tests.bench import databases, payloads, probe
from tests.bench.processes import VAR
from tests.bench.registry import Result, Scale, Table, scenario


@scenario("profile", "What everyday requests cost, inside one process")
def profile(scale: Scale) -> Result:
    address = databases.people(1_000)
    ids = databases.scim_ids(address, 1_000)
    group = _group(address, ids)
    answers = probe.ask(address, databases.token(), _requests(ids, group), repeat=scale.block, profile=True)
    (VAR / "profile-functions.json").write_text(json.dumps(answers, indent=1), encoding="utf-8")
    rows = [[a["name"], a["status"], a["statements"], a["cpu_ms"], a["db_ms"], a["bytes"]] for a in answers]
    columns = ["request", "status", "statements", "CPU ms", "database ms", "bytes"]
    return Result(
        [Table("Without a server around it", columns, rows)],
        notes=["The profiles are in var/bench/profile-functions.json."],
    )


def _group(address: str, ids: list[str]) -> str:
    return str(databases.seed(address, "POST", "/Groups", payloads.group("Profile", ids[:100]))["id"])


def _requests(ids: list[str], group: str) -> list[probe.Request]:
    user, title = f"/Users/{ids[5]}", payloads.patch("replace", "title", "Title %d")
    active = {"schemas": [payloads.PATCH_OP], "Operations": [{"op": "replace", "value": {"active": True}}]}
    return [
        probe.request("look-up, nobody", "GET", '/Users?filter=userName eq "nobody%d@corp.example"'),
        probe.request("look-up by userName", "GET", '/Users?filter=userName eq "user0000005@corp.example"'),
        probe.request(
            "look-up by email", "GET", '/Users?filter=emails[type eq "work"].value eq "user0000005@corp.example"'
        ),
        probe.request("GET user", "GET", user),
        probe.request("POST user", "POST", "/Users", payloads.user("new%d")),
        probe.request("PATCH title", "PATCH", user, title),
        probe.request("PATCH active, unchanged", "PATCH", user, active),
        probe.request(
            "PUT user, changed", "PUT", f"/Users/{ids[0]}", payloads.user("user0000000") | {"title": "Title %d"}
        ),
        probe.request("page of 100 users", "GET", "/Users?startIndex=1&count=100"),
        probe.request(
            "look-up of a group", "GET", '/Groups?excludedAttributes=members&filter=displayName eq "Nothing %d"'
        ),
        probe.request("PATCH group, 1 member again", "PATCH", f"/Groups/{group}", payloads.add_members(ids[:1])),
        probe.request("PATCH group, 100 members again", "PATCH", f"/Groups/{group}", payloads.add_members(ids[:100])),
    ]
