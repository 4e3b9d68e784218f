"""The clock of the tests, and that all programs of a run live on the same day (`make odd-days`)."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from tests import clock
from tests.processes import run
from tests.sso.idp_processes import NODE

SECONDS_OF_PYTHON = [sys.executable, "-c", "import time; print(time.time())"]
SECONDS_OF_NODE = [str(NODE), "-p", "Date.now() / 1000"]


def seconds_now() -> float:
    return timezone.now().timestamp()


def seconds_of_the_database() -> float:
    now = "extract(epoch from clock_timestamp())" if connection.vendor == "postgresql" else "strftime('%s', 'now')"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now}")
        return float(cursor.fetchone()[0])


@pytest.mark.django_db
def test_all_programs_live_on_the_day_of_the_run() -> None:
    for command in (SECONDS_OF_PYTHON, SECONDS_OF_NODE):
        told = float(run(command, check=True).stdout)
        assert told == pytest.approx(seconds_now(), abs=60)
    assert seconds_of_the_database() == pytest.approx(seconds_now(), abs=60)


def test_the_day_is_the_one_that_the_run_names(tmp_path: Path) -> None:
    """The kernel, which dates files, has not been told."""
    today = datetime.fromtimestamp(tmp_path.stat().st_ctime, UTC)
    moved = timedelta(seconds=int(os.environ.get("CLOCK_MOVED_BY", 0)))
    assert abs(today + moved - timezone.now()) < timedelta(minutes=1)


@clock.at("2028-02-29 12:00")
def test_it_is_what_it_is_told_to_be() -> None:
    assert timezone.now().isoformat()[:16] == "2028-02-29T12:00"
    with clock.later(days=1, hours=12):
        assert timezone.now().isoformat()[:16] == "2028-03-02T00:00"
        with clock.ago(days=2):
            assert timezone.now().isoformat()[:16] == "2028-02-29T00:00"
    assert timezone.now().isoformat()[:16] == "2028-02-29T12:00"


def test_it_goes_on_unless_it_is_stopped() -> None:
    with clock.at("2028-12-31T23:59:59.99+00:00"):
        clock.wait(0.02)
        assert timezone.now().year == 2029
    with clock.at("2028-12-31T23:59:59.99+00:00", stopped=True):
        clock.wait(0.02)
        assert timezone.now().year == 2028
