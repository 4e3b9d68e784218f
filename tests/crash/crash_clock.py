"""The clock of one of two hosts steps an hour ahead, then to an hour behind, and is right again."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from django.db import connection

from tests.conformance.portal_process import manage
from tests.crash.load import (
    asked,
    back_after,
    check,
    now,
    pause,
    portal_on,
    providers_at_work,
    seconds_until,
    there,
)
from tests.odd_days.moved_clock import compiled_clock
from tests.portal.shell import url_of_this_database
from tests.upgrades.traffic import Host

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

WORD = "wide-ocean-over-nine-hills"
HOUR, WRITERS, STEPPED_FOR = 3600, 4, 10.0


class Clock:
    """Of whoever has CLOCK_MOVED_IN name this file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_bytes(struct.pack("@q", 0))
        file.chmod(0o644)

    def step_to(self, seconds: int) -> None:
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("@q", seconds))


def test_a_clock_that_steps_makes_no_answer_false(tmp_path: Path) -> None:
    clock, here = Clock(tmp_path / "moved"), url_of_this_database()
    secret = {"SECRET_KEY": "a key that both of the hosts have, and nobody else in the world"}
    with (
        compiled_clock() as library,
        portal_on(here, **secret) as right,
        portal_on(here, LD_PRELOAD=str(library), CLOCK_MOVED_IN=str(clock.file), **secret) as wrong,
    ):
        token = manage(right.environment, "create_scim_token", "--idp", "Okta")
        manage(right.environment, "create_owner", "--username=olga", "--email=olga@example.test", f"--password={WORD}")
        with (
            providers_at_work(right.origin, token, writers=WRITERS) as one,
            providers_at_work(wrong.origin, token, writers=WRITERS, name="bea") as other,
        ):
            seconds_until(lambda: len(one.made) > 50 and len(other.made) > 50, limit=120)
            for hours in (1, -1, 0):
                clock.step_to(hours * HOUR)
                pause(STEPPED_FOR)
                for portal in (right, wrong):
                    seconds_until(lambda at=portal: asked(f"{at.origin}/readyz")[0] == 200, limit=30)  # type: ignore[misc]
                    browser = Host(portal.origin, token, "").signed_in("olga", WORD)
                    page = browser.get(f"{portal.origin}/profile/", timeout=60, allow_redirects=False)
                    assert page.status_code == 200
            back = back_after(now(), other, wrong.origin)
        found = there(right, token)
        for name, journal in (("the right clock", one), ("the wrong clock", other)):
            mine = {name for name in found if name in journal.made | journal.in_doubt}
            check(f"{name}: back after {back:.1f} s", journal, mine)
            assert set(journal.statuses()) == {201}
        assert found == one.made | other.made
    connection.close()
