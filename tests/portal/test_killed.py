"""A worker of the production server is killed in the middle of writes: what it answered is there, nothing by halves."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from identity.models import AuditEvent, Membership, ProvisioningLog, SSOGroup, SSOMembership, SSOUser, User
from tests import clock
from tests.conformance.portal_process import Portal, running_portal
from tests.factories import make_group, map_group
from tests.portal.shell import url_of_this_database
from tests.processes import finish
from tests.programs import not_here
from tests.scim.helpers import PATCH_OP, user_body

WRITERS, KILLS, BETWEEN = 4, 2, 8


@dataclass
class Journal:
    """What was answered with success: whom the portal has, and who is a member."""

    people: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    cut: int = 0


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing_that_it_answered_and_leaves_no_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-37, SR-39."""
    monkeypatch.setenv("DATABASE_URL", url_of_this_database())
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    journal, enough = Journal(), Event()
    with running_portal() as portal:
        headers = {"Authorization": f"Bearer {portal.token()}"}
        with httpx.Client(base_url=portal.base_url, headers=headers, timeout=30, trust_env=False) as client:
            group = client.post("/Groups", json={"displayName": "Staff"}).json()["id"]
            map_group(SSOGroup.objects.get(), make_group("Portal"))
            writers = [Thread(target=write, args=(client, group, number, journal, enough)) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            try:
                killed = [kill_a_worker_after(portal, journal, (number + 1) * BETWEEN) for number in range(KILLS)]
                assert clock.wait_until(lambda: len(journal.members) >= (KILLS + 1) * BETWEEN, seconds=60)
            finally:
                enough.set()
                for writer in writers:
                    finish(writer)
            assert client.get("/Users", params={"count": 0}).json()["totalResults"] == SSOUser.objects.count()
    assert len(set(killed)) == KILLS
    assert journal.odd == []
    assert journal.cut > 0, "no request was under way when a worker was killed"
    agrees(journal)


def agrees(journal: Journal) -> None:
    """Each answered write is there; each other one is on both sides, with its event and log row, or nowhere."""
    people, members = ids(SSOUser.objects.all()), ids(SSOUser.objects.filter(sso_groups__isnull=False))
    assert set(journal.people) <= people
    assert set(journal.members) <= members
    assert User.objects.count() == len(people)
    assert AuditEvent.objects.filter(action="user.provisioned").count() == len(people)
    assert ProvisioningLog.objects.filter(resource_type="User", status=201).count() == len(people)
    in_portal = set(Membership.objects.values_list("user", flat=True))
    assert in_portal == set(SSOMembership.objects.values_list("sso_user__user", flat=True))
    assert len(in_portal) == len(members)


def ids(rows: object) -> set[str]:
    return {str(row.scim_id) for row in rows}  # type: ignore[attr-defined]


def write(client: httpx.Client, group: str, writer: int, journal: Journal, enough: Event) -> None:
    """A person, then their membership, again and again; what broke off is not sent again."""
    for number in count():
        if enough.is_set():
            return
        try:
            made = client.post("/Users", json=user_body(f"ada-{writer}-{number}"))
            if made.status_code == 201:
                journal.people.append(made.json()["id"])
                joins = {"op": "add", "path": "members", "value": [{"value": made.json()["id"]}]}
                body = {"schemas": [PATCH_OP], "Operations": [joins]}
                joined = client.patch(f"/Groups/{group}", json=body)
                if joined.status_code == 204:
                    journal.members.append(made.json()["id"])
                else:
                    journal.odd.append(joined.status_code)
            else:
                journal.odd.append(made.status_code)
        except httpx.TransportError:
            journal.cut += 1


def kill_a_worker_after(portal: Portal, journal: Journal, members: int) -> int:
    """The one worker there is, while requests are under way; its number."""
    assert clock.wait_until(lambda: len(journal.members) >= members, seconds=60), portal.server.log
    assert clock.wait_until(lambda: workers_of(portal), seconds=30), portal.server.log
    worker = workers_of(portal)[0]
    os.kill(worker, signal.SIGKILL)
    return worker


def workers_of(portal: Portal) -> list[int]:
    master = portal.server.pid
    children = Path(f"/proc/{master}/task/{master}/children")
    if not children.exists():
        not_here("/proc with the children of a process", "this test runs on Linux")
    return [int(pid) for pid in children.read_text(encoding="ascii").split()]
