"""What is scheduled is seen and run by pages, REST and the doctor; how long records are kept is chosen by owners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from identity.models import AuditEvent, ProvisioningLog, ScheduledJob
from identity.queries.attention import what_waits
from identity.services import schedule
from identity.services.schedule import Job
from portal.doctor.data import scheduled_work
from portal.schedule.jobs import BY_NAME, JOBS
from portal.schedule.loop import do_what_is_due
from tests import clock
from tests.clients import administrators_caller, owners_caller, supports_caller
from tests.factories import make_support
from tests.portal.admin_pages import address, messages_of, text_of
from tests.portal.shell import answer, refusal, run
from tests.sessions import as_administrator, as_owner, signed_in

pytestmark = pytest.mark.django_db

LIST, RETENTION = "scheduledjob_changelist", "accesssettings_retention"


def broken(actor: object) -> int:
    raise OSError("disk full at /srv/secret")


def failing(name: str = "sessions") -> ScheduledJob:
    """The job has failed once."""
    job = BY_NAME[name]
    schedule.prepare(JOBS)
    do_what_is_due([Job(job.name, job.title, job.description, job.every, broken, job.rows)])
    return ScheduledJob.objects.get(name=name)


def row(name: str) -> ScheduledJob:
    return ScheduledJob.objects.get(name=name)


def detail(name: str) -> str:
    return f"/admin/identity/scheduledjob/{row(name).pk}/"


# --- pages ---


def test_before_anything_has_run_the_page_says_what_to_look_at() -> None:
    page = text_of(as_administrator().get(address(LIST)))
    assert "Nothing has run yet" in page
    assert "TASKS and SCHEDULE" in page


def test_the_list_shows_the_last_run_and_the_next_of_every_job() -> None:
    with clock.at("2026-05-04 12:34", stopped=True):
        do_what_is_due()
        page = text_of(as_administrator().get(address(LIST)))
    assert "Head count Succeeded Every day at 00:00 UTC 4 May 2026, 12:34 1 count 5 May 2026, 00:00" in page
    assert "Expired sessions Succeeded Every 10 minutes 4 May 2026, 12:34 0 sessions 4 May 2026, 12:40" in page
    assert "Provisioning log Not run yet Every day at 03:00 UTC – – 12 May 2026, 03:00" in page
    assert all(job.title in page for job in JOBS)


def test_a_failure_says_what_went_wrong_and_when_it_is_tried_again() -> None:
    with clock.at("2026-05-04 12:34", stopped=True):
        failing()
        page = text_of(as_administrator().get(f"{detail('sessions')}change/"))
    assert "It has failed once: OSError: see the server's log. It is tried again at 12:35 UTC." in page
    assert "/srv/secret" not in page


def test_what_nobody_does_is_overdue() -> None:
    do_what_is_due()
    with clock.later(hours=1):
        page = text_of(as_administrator().get(f"{detail('sessions')}change/"))
    assert "It has been due since" in page
    assert "and has not run" in page


def test_run_now_makes_it_due_and_is_in_the_trail() -> None:
    do_what_is_due()
    client = as_administrator()
    said = messages_of(client.post(f"{detail('headcount')}run/", follow=True))
    assert said == ["It begins within half a minute."]
    assert row("headcount").due_at <= timezone.now()
    assert AuditEvent.objects.get(action="scheduled_job.run_asked").details == {"name": "headcount"}
    schedule.claim_now(BY_NAME["headcount"], "a process")
    assert messages_of(client.post(f"{detail('headcount')}run/", follow=True)) == ["It is running already."]


def test_support_sees_nothing_of_it() -> None:
    do_what_is_due()
    client = signed_in(make_support())
    assert client.get(address(LIST)).status_code == 403
    assert client.post(f"{detail('headcount')}run/").status_code == 403


# --- retention ---


@pytest.mark.usefixtures("_old_rows")
def test_an_owner_chooses_and_is_told_what_goes() -> None:
    client = as_owner()
    assert "Provisioning log For good Not chosen yet" in text_of(client.get(address("accesssettings_changelist")))
    assert "Requests in the provisioning log 30 days Not chosen yet" in text_of(
        client.get(address("accesssettings_changelist"))
    )
    said = {"provisioning_log": "90", "requests": "7", "bulk_actions": "0", "personal_values": "1"}
    (told,) = messages_of(client.post(address(RETENTION), said, follow=True))
    assert told == "Saved. The next run lets go of 1 row and 1 value."
    page = text_of(client.get(address("accesssettings_changelist")))
    assert "Provisioning log 90 days Chosen here" in page
    assert "Personal values of audit events 1 day Chosen here" in page
    assert "erased after 1 day" in text_of(client.get(address("auditevent_changelist")))
    assert ProvisioningLog.objects.count() == 2


@pytest.mark.parametrize("days", ["-1", "40000", "soon", ""])
def test_a_wrong_number_of_days_is_said_beside_its_field(days: str) -> None:
    answered = as_owner().post(
        address(RETENTION), {"provisioning_log": days, "requests": "1", "bulk_actions": "0", "personal_values": "0"}
    )
    assert answered.status_code == 200
    assert answered.context["form"].errors.keys() == {"provisioning_log"}


def test_an_administrator_sees_it_and_is_told_who_chooses() -> None:
    client = as_administrator()
    assert "needs the role owner" in text_of(client.get(address("accesssettings_changelist")))
    assert client.post(address(RETENTION), {"provisioning_log": "1"}).status_code == 403


def test_what_the_environment_says_is_shown_and_is_no_field(settings: Any) -> None:
    settings.PROVISIONING_LOG_DAYS = 30
    client = as_owner()
    page = text_of(client.get(address("accesssettings_changelist")))
    assert "Bulk actions 30 days Set by PROVISIONING_LOG_DAYS in the environment" in page
    assert [*client.get(address(RETENTION)).context["form"].fields] == ["requests", "personal_values"]
    settings.PROVISIONING_REQUEST_DAYS = 7
    settings.AUDIT_PERSONAL_DATA_DAYS = 0
    assert "change it there" in text_of(client.get(address(RETENTION)))


# --- REST and commands ---


def test_rest_lists_shows_and_runs_jobs() -> None:
    failing()
    script = administrators_caller()
    listed = {job["name"]: job for job in script.read("scheduled-jobs/")["results"]}
    assert listed.keys() == BY_NAME.keys()
    sessions = listed["sessions"]
    assert (sessions["state"], sessions["failures"], sessions["seconds_between_runs"]) == ("failed", 1, 600)
    assert (sessions["last_run"]["outcome"], sessions["last_run"]["error"]) == (
        "failed",
        "OSError: see the server's log.",
    )
    where = f"scheduled-jobs/{sessions['id']}/"
    assert [one["outcome"] for one in script.read(f"{where}runs/")["results"]] == ["failed"]
    assert script.do("POST", f"{where}run/")["name"] == "sessions"
    do_what_is_due([BY_NAME["sessions"]])
    assert script.read(where)["state"] == "succeeded"
    assert supports_caller().get("scheduled-jobs/").status_code == 403


def test_rest_tells_and_changes_how_long_records_are_kept(settings: Any) -> None:
    settings.AUDIT_PERSONAL_DATA_DAYS = 365
    owner = owners_caller()
    assert owner.do("PATCH", "retention/", {"provisioning_log": 90})["provisioning_log"]["days"] == 90
    assert owner.read("retention/") == {
        "provisioning_log": {"days": 90, "said_by": "chosen", "variable": "PROVISIONING_LOG_DAYS", "chosen": 90},
        "requests": {"days": 30, "said_by": "default", "variable": "PROVISIONING_REQUEST_DAYS", "chosen": None},
        "bulk_actions": {"days": 0, "said_by": "default", "variable": "PROVISIONING_LOG_DAYS", "chosen": None},
        "personal_values": {
            "days": 365,
            "said_by": "environment",
            "variable": "AUDIT_PERSONAL_DATA_DAYS",
            "chosen": None,
        },
    }
    refused = owner.patch("retention/", {"personal_values": 30})
    assert (refused.status_code, refused.json()["code"]) == (403, "set_by_environment")
    assert administrators_caller().patch("retention/", {"provisioning_log": 1}).status_code == 403


@pytest.mark.usefixtures("_old_rows")
def test_commands_tell_run_and_choose() -> None:
    assert {job["state"] for job in answer("list_scheduled_jobs")} == {"new"}
    told = run("set_retention", "provisioning_log", "90")
    assert told == "Provisioning log: kept for 90 days. At the next run: 1 row.\n"
    assert answer("list_retention", "--count")[0]["older"] == 1
    assert run("run_scheduled_job", "provisioning_log") == "Provisioning log: 1 row.\n"
    (found,) = answer("list_scheduled_runs", "provisioning_log")
    assert (found["outcome"], found["number"]) == ("succeeded", 1)
    schedule.claim_now(BY_NAME["headcount"], "a process")
    assert refusal("run_scheduled_job", "headcount")[0] == 5


def test_a_job_that_fails_ends_its_command_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("identity.services.idempotency.IdempotentRequest", None)
    code, sentence = refusal("run_scheduled_job", "idempotent_requests")
    assert (code, sentence) == (1, "Answers kept for a retry: failed. AttributeError: see the server's log.")


# --- who is told ---


def findings() -> dict[str, bool]:
    return {finding.check: finding.is_fine for finding in scheduled_work()}


def matters() -> dict[str, int]:
    return {one.code: one.number for one in what_waits() if one.code.endswith("_jobs")}


@clock.at("2026-05-04 12:01")
def test_the_doctor_and_the_dashboard_tell_of_what_never_ran_failed_or_is_overdue() -> None:
    assert (findings(), matters()) == ({"failed_jobs": True, "schedule": False}, {})
    do_what_is_due()
    assert (findings(), matters()) == ({"failed_jobs": True, "schedule": True}, {})
    ScheduledJob.objects.filter(name="sessions").update(due_at=timezone.now())
    failing()
    assert (findings(), matters()) == ({"failed_jobs": False, "schedule": True}, {"failed_jobs": 1})
    assert "1 scheduled job has failed" in text_of(as_administrator().get("/admin/"))
    with clock.later(minutes=30):
        assert matters() == {"failed_jobs": 1, "overdue_jobs": 3}  # those of every ten minutes, or oftener
        assert findings() == {"failed_jobs": False, "schedule": False}


def test_what_a_dead_process_holds_is_overdue_as_well() -> None:
    do_what_is_due()
    schedule.claim_now(BY_NAME["headcount"], "a process", lease=timedelta(minutes=1))
    with clock.later(minutes=5):
        assert "overdue_jobs" not in matters()
    with clock.later(minutes=17):
        assert row("headcount").is_overdue
        assert row("headcount") in ScheduledJob.objects.overdue()
