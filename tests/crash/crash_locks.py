"""Somebody holds a lock for a minute: a table for himself alone, or the row of the identity provider."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from tests.crash.load import (
    asked,
    back_after,
    check,
    health_of,
    now,
    pause,
    portal_on,
    there,
    under_load,
)
from tests.portal.shell import url_of_this_database

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

WRITERS = 16  # each has a thread of the server's: 2 workers × 16
HELD_FOR = 60.0
DEADLINE = 30 + 5  # seconds: STATEMENT_TIMEOUT, and what the portal grants beyond
LOCKS = {
    "table": "LOCK TABLE identity_ssouser IN ACCESS EXCLUSIVE MODE",
    "row": "SELECT id FROM identity_identityprovider FOR UPDATE",
}


@pytest.mark.parametrize("what", LOCKS)
def test_who_waits_for_a_lock_is_told_in_time_and_work_goes_on(what: str) -> None:
    with portal_on(url_of_this_database()) as portal:
        with under_load(portal, writers=WRITERS) as (token, journal):
            with psycopg.connect(url_of_this_database()) as somebody:
                somebody.execute(LOCKS[what])
                began, checks, pages = now(), [], []
                while now() - began < HELD_FOR:
                    checks += health_of(portal.origin)
                    pages.append(asked(f"{portal.origin}/login/"))
                    pause(1)
                somebody.rollback()
            back = back_after(now(), journal, portal.origin)
        slowest = journal.slowest
        check(
            f"{what} locked: {len(checks)} health checks, all well; {len(pages)} pages; the slowest answer "
            f"{slowest:.1f} s; back after {back:.1f} s",
            journal,
            there(portal, token),
        )
        assert {status for status, _ in checks} == {200}
        assert {status for status, _ in pages} == {200}
        assert 503 in journal.statuses()
        assert slowest < DEADLINE
    connection.close()
