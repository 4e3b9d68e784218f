"""SR-41, R10: what goes of old records, and what stays."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from identity.core.actors import Person
from identity.core.errors import Refused
from identity.models import AuditEvent, AuditPersonalData, BulkRow, BulkRun, ProvisioningLog
from identity.services import bulk_runs, retention
from tests import clock
from tests.clients import new_idp
from tests.factories import OPERATOR, make_administrator, make_idp, make_user, provision

pytestmark = pytest.mark.django_db


def prune(*options: str) -> str:
    said = StringIO()
    call_command("prune_records", *options, stdout=said)
    return said.getvalue()


@pytest.fixture
def _records() -> None:
    """Of three people: two long ago, one now."""
    idp = make_idp()
    for name, days in (("ada", 100), ("bob", 100), ("eve", 0)):
        with clock.ago(days=days):
            provision(idp, name)


def subjects() -> set[str]:
    return set(ProvisioningLog.objects.values_list("subject_key", flat=True))


def with_personal_values() -> int:
    return AuditPersonalData.objects.filter(event__action="user.provisioned").count()


@pytest.mark.usefixtures("_records")
def test_without_a_setting_everything_is_kept() -> None:
    assert "kept for good" in prune("--yes")
    assert subjects() == {"ada", "bob", "eve"}
    assert with_personal_values() == 3


@pytest.mark.usefixtures("_records")
def test_it_says_what_would_go_and_changes_nothing() -> None:
    said = prune("--log-days", "90", "--personal-data-days", "90")
    assert "Would delete 2 rows of the provisioning log older than 90 days." in said
    assert "Would delete 2 audit events' personal values older than 90 days." in said
    assert (len(subjects()), with_personal_values()) == (3, 3)


@pytest.mark.usefixtures("_records")
def test_old_rows_of_the_provisioning_log_go_and_new_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    assert "Deleted 2 rows of the provisioning log older than 90 days." in prune("--log-days", "90", "--yes")
    assert subjects() == {"eve"}
    event = AuditEvent.objects.get(action="records.log_pruned")
    assert (event.details, event.actor_label) == ({"rows": 2, "older_than_days": 90}, "manage.py prune_records")
    assert with_personal_values() == 3


@pytest.mark.usefixtures("_records")
def test_sr41_audit_events_stay_when_their_personal_values_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    before = AuditEvent.objects.count()
    prune("--personal-data-days", "90", "--yes")
    assert with_personal_values() == 1
    assert AuditEvent.objects.exclude(action="records.personal_values_erased").count() == before
    assert len(subjects()) == 3


@pytest.mark.usefixtures("_records")
def test_when_nothing_is_old_no_event_is_written() -> None:
    prune("--log-days", "365", "--personal-data-days", "365", "--yes")
    assert not AuditEvent.objects.filter(action__startswith="records.").exists()


def test_what_was_sent_goes_from_old_rows_which_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    idp = new_idp()
    for name, days in (("ada", 40), ("bob", 31), ("eve", 29)):
        with clock.ago(days=days):
            idp.user(name)
    assert "Would delete 2 requests in the provisioning log older than 30 days." in prune()
    assert "Deleted 2 requests in the provisioning log older than 30 days." in prune("--yes")
    assert [row.subject_key for row in ProvisioningLog.objects.exclude(asked="")] == ["eve"]
    assert subjects() == {"ada", "bob", "eve"}
    event = AuditEvent.objects.get(action="records.requests_erased")
    assert event.details == {"rows": 2, "older_than_days": 30}


def test_the_setting_is_what_the_command_uses(settings: object) -> None:
    settings.PROVISIONING_LOG_DAYS = 30  # type: ignore[attr-defined]
    assert "Would delete 0 rows of the provisioning log older than 30 days." in prune()


def test_old_bulk_actions_go_with_their_results() -> None:
    for days in (1, 100):
        with clock.ago(days=days):
            bulk_runs.create_run(BulkRun.Kind.ENABLE, [bulk_runs.Wanted(make_user(f"user{days}"))], actor=OPERATOR)
    assert "Deleted 1 bulk actions older than 90 days." in prune("--log-days", "90", "--yes")
    assert [row.username for row in BulkRow.objects.all()] == ["user1"]


def test_the_answer_as_json() -> None:
    answer = json.loads(prune("--log-days", "90", "--json"))
    assert answer == {
        "dry_run": True,
        "provisioning_log": 0,
        "requests": 0,
        "bulk_actions": 0,
        "personal_values": 0,
        "expired_sessions": 0,
    }


def test_a_negative_age_is_refused() -> None:
    with pytest.raises(CommandError, match="0 for good"):
        prune("--log-days", "-1")


@pytest.mark.parametrize("days", ["-1", "99999999999"])
def test_a_number_of_days_that_no_calendar_has_is_refused(days: str) -> None:
    with pytest.raises(CommandError, match="A number of days is 1 to 36,500, or 0 for good"):
        prune("--log-days", days)


@pytest.mark.parametrize(
    "prune_them", ["prune_provisioning_log", "erase_old_requests", "prune_bulk_runs", "erase_old_personal_values"]
)
def test_nobody_below_an_owner_prunes_records(prune_them: str) -> None:
    provision(make_idp(), "ada")
    before = ProvisioningLog.objects.count(), with_personal_values()
    with pytest.raises(Refused):
        getattr(retention, prune_them)(timedelta(0), actor=Person(make_administrator()))
    assert (ProvisioningLog.objects.count(), with_personal_values()) == before
