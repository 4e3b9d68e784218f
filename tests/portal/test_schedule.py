"""Work that is due is done by the portal itself: once, whatever dies or fails meanwhile, and without cron."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection
from django.utils import timezone

from identity.core.actors import Person
from identity.core.errors import Refused
from identity.models import (
    AuditEvent,
    Headcount,
    IdempotentRequest,
    ProviderContact,
    ProvisioningLog,
    ReceivedRequest,
    ScheduledJob,
    ScheduledRun,
    Status,
)
from identity.models.provider_contacts import hour_of
from identity.services import retention, schedule
from identity.services.background import PAUSES
from identity.services.provider_contacts import note_contact, note_request
from portal.schedule.jobs import BY_NAME, JOBS, TO_CHOOSE
from portal.schedule.loop import Loop, do_what_is_due, start_in_server
from tests import clock, processes
from tests.conformance.portal_process import running_portal
from tests.factories import OPERATOR, make_idp, make_owner, make_token, make_user, set_mode, use_token
from tests.loops import each
from tests.portal.scheduling import LEASE, made
from tests.portal.shell import run, shell_environment, url_of_this_database
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = "2026-05-04 12:00"


def row(name: str) -> ScheduledJob:
    return ScheduledJob.objects.select_related("last_run").get(name=name)


def last_run(name: str) -> ScheduledRun:
    found = row(name).last_run
    assert found is not None
    return found


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


# --- when ---


@clock.at(NOON, stopped=True)
def test_a_job_is_done_once_in_each_of_its_periods() -> None:
    done = list[datetime]()
    jobs = made({"tidy": lambda actor: done.append(timezone.now()) or 7}, every=HOUR)
    for minutes in (0, 1, 59, 60, 61, 119, 120):
        with clock.later(minutes=minutes, stopped=True):
            do_what_is_due(jobs)
    assert done == [at("2026-05-04 12:00"), at("2026-05-04 13:00"), at("2026-05-04 14:00")]
    assert row("tidy").due_at == at("2026-05-04 15:00")
    found = last_run("tidy")
    assert (found.outcome, found.number, found.finished_at) == ("succeeded", 7, at("2026-05-04 14:00"))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-05-04 02:59", "2026-05-04 03:00"),
        ("2026-05-04 03:00", "2026-05-05 03:00"),
        ("2026-12-31 12:00", "2027-01-01 03:00"),
    ],
)
def test_what_is_done_at_night_is_due_at_three_utc(now: str, due: str) -> None:
    assert BY_NAME["provisioning_log"].due_after(at(now)) == at(due)


def test_what_was_missed_while_nothing_ran_is_done_once_afterwards() -> None:
    done = list[int]()
    jobs = made({"tidy": lambda actor: done.append(1) or 0}, every=HOUR)
    do_what_is_due(jobs)
    with clock.later(days=3):
        do_what_is_due(jobs)
        do_what_is_due(jobs)
    assert len(done) == 2


def test_only_the_latest_runs_of_a_job_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "RUNS_KEPT", 3)
    jobs = made({"tidy": lambda actor: 0, "other": lambda actor: 0}, every=HOUR)
    for hours in range(5):
        with clock.later(hours=hours):
            do_what_is_due(jobs)
    assert [row(name).runs.count() for name in ("tidy", "other")] == [3, 3]
    assert last_run("tidy").pk == ScheduledRun.objects.filter(job=row("tidy")).latest("pk").pk


def test_a_job_of_an_earlier_version_loses_its_row_when_no_host_does_it_any_more() -> None:
    old, new = made({"old": lambda actor: 0}, every=HOUR), made({"new": lambda actor: 0}, every=HOUR)
    do_what_is_due(old)
    do_what_is_due(new)
    assert {*ScheduledJob.objects.values_list("name", flat=True)} == {"old", "new"}
    with clock.later(days=2):
        do_what_is_due(new)
    assert [*ScheduledJob.objects.values_list("name", flat=True)] == ["new"]


# --- what fails ---


def test_what_fails_is_recorded_without_values_and_tried_again_after_longer_and_longer_pauses() -> None:
    def fail(actor: object) -> int:
        raise IntegrityError('Key (email)=(zoe@example.test) has "hunter2"')

    jobs, waited = made({"tidy": fail, "other": lambda actor: 1}, every=DAY), list[timedelta]()
    moment = timezone.now()
    for _ in range(7):
        with clock.later(seconds=(moment - timezone.now()).total_seconds(), stopped=True):
            do_what_is_due(jobs)
            waited.append(row("tidy").due_at - timezone.now())
            moment = row("tidy").due_at
    assert waited == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    found = last_run("tidy")
    assert (found.outcome, found.error) == ("failed", "IntegrityError: see the server's log.")
    assert (row("tidy").failures, row("other").failures, last_run("other").outcome) == (7, 0, "succeeded")


def test_a_refusal_is_told_in_its_own_words_and_success_ends_the_failures() -> None:
    answers = iter([Refused("The disk is full of cats.", code="cats"), 3])

    def work(actor: object) -> int:
        answer = next(answers)
        if isinstance(answer, Refused):
            raise answer
        return answer

    jobs = made({"tidy": work}, every=timedelta(minutes=10))
    do_what_is_due(jobs)
    assert (last_run("tidy").error, row("tidy").failures) == ("The disk is full of cats.", 1)
    with clock.later(minutes=2):
        do_what_is_due(jobs)
    assert (last_run("tidy").number, row("tidy").failures) == (3, 0)


def test_a_job_that_is_due_often_is_not_put_off_for_longer_than_its_period() -> None:
    job = BY_NAME["sessions"]
    assert {job.pause(failures) for failures in range(3, 50)} == {job.every}


# --- many processes ---


def doing(folder: Path, number: int, seconds: float) -> AbstractContextManager[processes.Process]:
    command = [sys.executable, "-m", "tests.portal.scheduling", folder, str(number), str(seconds)]
    return processes.started(command, environment=shell_environment(), reads=True)


def lines(folder: Path) -> list[str]:
    file = folder / "done"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.mark.django_db(transaction=True)
def test_of_two_processes_at_once_exactly_one_does_each_job(tmp_path: Path) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(doing(tmp_path, 30, 0.02)) for _ in range(2)]
        assert [process.read_line() for process in both] == ["ready", "ready"]
        (tmp_path / "go").touch()
        assert [process.exit_code() for process in both] == [0, 0], [process.log for process in both]
    done = [line.split() for line in lines(tmp_path)]
    assert sorted(name for name, _ in done) == sorted(f"job{number}" for number in range(30))
    assert len({pid for _, pid in done}) == 2
    assert {*ScheduledRun.objects.values_list("outcome", flat=True)} == {"succeeded"}


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_did_has_failed_and_is_done_again_by_another(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with doing(tmp_path, 1, 60) as process:
        assert process.read_line() == "ready"
        assert clock.wait_until(lambda: lines(tmp_path), seconds=60), process.log
        jobs = made({"job0": lambda actor: 5}, every=DAY)
        clock.wait(LEASE.total_seconds() * 1.5)
        do_what_is_due(jobs)  # it lives, so its lease has been renewed
        assert (last_run("job0").outcome, row("job0").is_running) == ("running", True)
        process.signal(signal.SIGKILL)
        process.exit_code()
    clock.wait(LEASE.total_seconds() * 1.1)
    do_what_is_due(jobs)
    assert (last_run("job0").outcome, last_run("job0").error) == ("failed", schedule.DIED)
    with clock.later(minutes=1, seconds=1):
        do_what_is_due(jobs)
    assert (last_run("job0").outcome, last_run("job0").number) == ("succeeded", 5)
    assert row("job0").runs.count() == 2


def test_who_was_taken_for_dead_records_nothing() -> None:
    """As when a machine sleeps: the job was begun again elsewhere, and its outcome is that of the other."""
    jobs = made({"tidy": lambda actor: 1}, every=DAY)
    schedule.prepare(jobs)
    sleeper = schedule.claim(made({"tidy": lambda actor: 99}, every=DAY), "sleeper")
    assert sleeper is not None
    with clock.later(minutes=5):
        schedule.give_up_dead(jobs)
    with clock.later(minutes=7):
        do_what_is_due(jobs)
    schedule.perform(sleeper)
    assert (last_run("tidy").number, row("tidy").runs.count()) == (1, 2)
    assert row("tidy").runs.get(holder="sleeper").outcome == "failed"


# --- where it runs ---


def everything_was_done() -> bool:
    return ScheduledRun.objects.filter(outcome="succeeded").count() >= len(JOBS) - len(retention.RECORDS)


@pytest.mark.django_db(transaction=True)
def test_a_server_without_a_worker_does_what_is_due_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url_of_this_database())
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 2")
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    with running_portal() as portal:
        assert clock.wait_until(everything_was_done, seconds=60), portal.server.log
        portal.server.signal(signal.SIGTERM)
        assert portal.server.exit_code() == 0
        assert "Traceback" not in portal.server.log
    assert {*ScheduledRun.objects.values_list("job__name", flat=True)} == BY_NAME.keys() - retention.BY_NAME.keys()
    assert ScheduledRun.objects.count() == len(JOBS) - len(retention.RECORDS)


@pytest.mark.django_db(transaction=True)
def test_where_workers_run_they_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url_of_this_database())
    monkeypatch.setenv("TASKS", "database")
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    worker = [sys.executable, "manage.py", "run_worker", "--interval", "0.1"]
    with running_portal(), processes.started(worker, environment=dict(os.environ)) as process:
        assert clock.wait_until(everything_was_done, seconds=60), process.log
        process.signal(signal.SIGTERM)
        assert process.exit_code() == 0
    holders = {holder.split(":")[1] for holder in ScheduledRun.objects.values_list("holder", flat=True)}
    assert holders == {str(process.pid)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_worker_that_does_what_waits_does_what_is_due() -> None:
    run("run_worker", "--until-empty")
    assert everything_was_done()


def test_neither_commands_nor_this_process_start_it() -> None:
    run("list_users")
    start_in_server()
    assert not ScheduledJob.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_thread_holds_no_connection_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def others() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(cursor.fetchone()[0])

    loop = Loop(made({"tidy": lambda actor: others()}, every=DAY), interval=60)
    loop.start()
    try:
        assert clock.wait_until(lambda: ScheduledRun.objects.filter(outcome="succeeded").exists())
        assert clock.wait_until(lambda: others() == 0)
    finally:
        loop.stop(20)
    assert last_run("tidy").number == 1


# --- what is done ---


def test_every_job_of_an_empty_portal_succeeds() -> None:
    with clock.later(days=8):
        do_what_is_due()
    with clock.later(days=17):
        do_what_is_due()
    for job in each(JOBS, at_least=9):
        assert (job.name, last_run(job.name).outcome, last_run(job.name).error) == (job.name, "succeeded", "")


def as_due(name: str) -> ScheduledRun:
    """This job, as the schedule does it."""
    schedule.prepare(JOBS)
    ScheduledJob.objects.filter(name=name).update(due_at=timezone.now())
    do_what_is_due([BY_NAME[name]])
    return last_run(name)


def test_expired_sessions_go() -> None:
    with clock.ago(days=2):
        signed_in(make_user("ada"))
    before = Session.objects.count()
    assert (as_due("sessions").number, Session.objects.count()) == (before, 0)
    assert before > 0


def test_answers_kept_for_a_retry_go_after_a_day() -> None:
    user = make_user("ada")
    for hours in (1, 25):
        with clock.ago(hours=hours):
            IdempotentRequest.objects.create(user=user, key=f"{hours}", digest="x", answer="sealed")
    assert as_due("idempotent_requests").number == 1
    assert [one.key for one in IdempotentRequest.objects.all()] == ["1"]


def test_old_contacts_and_requests_of_old_watches_go() -> None:
    idp = make_idp()
    for days in (0, 5, 8, 70):
        with clock.ago(days=days):
            note_contact(idp.pk, timezone.now())
            note_request(idp.pk, method="GET", path=f"{days}", status=200, token_label="", address="192.0.2.1")
    assert as_due("provider_contacts").number == 3
    assert ProviderContact.objects.filter(hour__lt=hour_of(timezone.now() - timedelta(weeks=8))).count() == 0
    assert {one.path for one in ReceivedRequest.objects.all()} == {"0", "5"}


def test_who_falls_silent_is_in_the_trail_once_and_so_is_who_is_heard_again() -> None:
    def told() -> list[tuple[str, int | None, str]]:
        events = AuditEvent.objects.filter(action__in=["identity_provider.silent", "identity_provider.heard_again"])
        return list(events.order_by("pk").values_list("action", "identity_provider_id", "actor_kind"))

    okta, entra = make_idp("Okta"), make_idp("Entra")
    secret, other = make_token(okta), make_token(entra)
    with clock.ago(weeks=3):
        use_token(secret)
    use_token(other)
    set_mode(scim=False)
    assert (as_due("silence").number, told()) == (0, [])
    set_mode(scim=True)
    assert [as_due("silence").number, as_due("silence").number] == [1, 1]
    assert told() == [("identity_provider.silent", okta.pk, "schedule")]
    use_token(secret)
    assert as_due("silence").number == 0
    assert told()[1:] == [("identity_provider.heard_again", okta.pk, "schedule")]


@clock.at("2026-05-04 00:00:30", stopped=True)
def test_users_are_counted_at_the_start_of_each_day() -> None:
    make_user("max", status=Status.DISABLED)
    do_what_is_due([BY_NAME["headcount"]])
    make_user("mia")
    for hours in (23, 24, 30):
        with clock.later(hours=hours, stopped=True):
            do_what_is_due([BY_NAME["headcount"]])
    counted = Headcount.objects.values_list("day", "invited", "enabled", "disabled")
    assert [(str(day), *numbers) for day, *numbers in counted] == [("2026-05-04", 0, 0, 1), ("2026-05-05", 0, 1, 1)]


# --- retention ---


def subjects() -> set[str]:
    return {*ProvisioningLog.objects.values_list("subject_key", flat=True)}


@pytest.mark.usefixtures("_old_rows")
def test_without_a_choice_everything_is_kept_for_good() -> None:
    for days in (0, 30):
        with clock.later(days=days):
            do_what_is_due()
    assert (subjects(), last_run("provisioning_log").number) == ({"ada", "eve"}, 0)


@pytest.mark.usefixtures("_old_rows")
def test_what_an_owner_chose_is_what_goes_at_night_and_the_trail_says_who_did_it() -> None:
    retention.choose({"provisioning_log": 90}, actor=Person(make_owner()))
    assert (as_due("provisioning_log").number, subjects()) == (1, {"eve"})
    event = AuditEvent.objects.get(action="records.log_pruned")
    assert (event.actor_kind, event.actor_label) == ("schedule", "Provisioning log")
    assert event.details == {"rows": 1, "older_than_days": 90}


@pytest.mark.usefixtures("_old_rows")
def test_a_portal_that_is_upgraded_keeps_everything_for_a_week_more(settings: Any) -> None:
    settings.PROVISIONING_LOG_DAYS = 90
    do_what_is_due()
    assert row("provisioning_log").due_at > timezone.now() + TO_CHOOSE
    with clock.later(days=6):
        do_what_is_due()
        assert subjects() == {"ada", "eve"}
    with clock.later(days=9):
        do_what_is_due()
        assert subjects() == {"eve"}


@pytest.mark.usefixtures("_old_rows")
def test_the_environment_decides_and_nobody_chooses_against_it(settings: Any) -> None:
    olga = Person(make_owner())
    retention.choose({"provisioning_log": 30, "bulk_actions": 30}, actor=olga)
    settings.PROVISIONING_LOG_DAYS = 0
    assert (as_due("provisioning_log").number, subjects()) == (0, {"ada", "eve"})
    with pytest.raises(Refused, match="PROVISIONING_LOG_DAYS in the environment says how long"):
        retention.choose({"provisioning_log": 60}, actor=olga)
    settings.PROVISIONING_LOG_DAYS = None
    assert [period.days for period in retention.periods()] == [30, 30, 30, 0]


@pytest.mark.parametrize("days", [-1, 36_501])
def test_no_calendar_has_such_a_number_of_days(days: int) -> None:
    with pytest.raises(retention.InvalidValue, match=re.escape("1 to 36,500 days, or 0 for good")):
        retention.choose({"personal_values": days}, actor=OPERATOR)


def test_a_choice_is_in_the_trail_once() -> None:
    retention.choose({"personal_values": 365, "bulk_actions": 0}, actor=OPERATOR)
    retention.choose({"personal_values": 365}, actor=OPERATOR)
    event = AuditEvent.objects.get(action="records.retention_chosen")
    assert event.details == {"personal_values": {"from": 0, "to": 365}}
