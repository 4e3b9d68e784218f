"""Queued work (TASKS=database): what commits is done, at least once, whatever dies meanwhile."""

import json
import re
import signal
import sys
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.mail import BadHeaderError
from django.core.mail.backends import locmem
from django.core.management import CommandError
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from identity.core.encryption import seal
from identity.core.errors import InvalidValue
from identity.services import background, bulk_runs, identity_providers, notices
from portal.account import resets
from tests import clock, processes
from tests.factories import OPERATOR
from tests.portal.shell import in_a_shell, run, shell_environment
from tests.portal.smtp import MailServer, listening

LINK = re.compile(r"/invitations/[\w-]{20,}/")


def invite(username: str = "zoë") -> None:
    run("invite_user", username, "--email", "zoe@example.test")


def statuses() -> list[str]:
    return list(DBTaskResult.objects.values_list("status", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_mail_waits_for_a_worker_and_leaves_nothing_behind() -> None:
    invite()
    assert (len(mail.outbox), statuses()) == (0, ["READY"])
    run("run_worker", "--until-empty")
    assert (mail.outbox[0].to, statuses()) == (["zoe@example.test"], [])
    assert LINK.search(str(mail.outbox[0].body))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_the_queue_is_no_place_for_a_link_or_an_address() -> None:
    """SR-15: what waits is sealed."""
    invite()
    row = str(DBTaskResult.objects.values().get())
    assert "zoe@example" not in row
    assert "/invitations/" not in row


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told", [["a\r\nBcc: eve@evil.example", "text", "z@example.test"], ["a", "text", "z@x.test\r\nX: y"]]
)
def test_no_line_break_reaches_the_head_of_a_mail(told: list[str]) -> None:
    """SR-28: neither the subject nor the address begins another line."""
    with pytest.raises(BadHeaderError):
        notices.deliver.call(sealed=seal(json.dumps(told)))
    assert mail.outbox == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Okta\r\nBcc: eve@evil.example", "Okta\nSubject: other", "Okta\rX: y"])
def test_nothing_that_a_subject_tells_has_a_line_break(name: str) -> None:
    """SR-28. The subject is the first line of a mail's text, and names an identity provider."""
    with pytest.raises(InvalidValue):
        identity_providers.create_identity_provider(name=name, kind="okta", actor=OPERATOR)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_what_was_queued_before_an_upgrade_is_found_under_its_new_name() -> None:
    background.later(resets.mail_reset_link, sealed=seal("nobody"))
    new = DBTaskResult.objects.values_list("task_path", flat=True)
    assert list(new) == ["portal.account.resets.mail_reset_link"]
    upgrade = import_module("identity.migrations.0038_renamed_tasks")
    upgrade.rename_back(apps, SimpleNamespace(connection=connection))
    assert list(new.all()) == ["portal.resets.mail_reset_link"]
    upgrade.rename(apps, SimpleNamespace(connection=connection))
    run("run_worker", "--until-empty")
    assert statuses() == []
    assert {import_string(path) for path in upgrade.RENAMED.values()} == {bulk_runs.finish, resets.mail_reset_link}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_what_is_rolled_back_is_not_queued() -> None:
    run("invite_user", "zoë", "--email", "zoe@example.test", "--dry-run")
    with transaction.atomic():
        invite()
        transaction.set_rollback(True)
    assert statuses() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_failed_mail_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", _no_server)
        invite()
        run("run_worker", "--until-empty")
    run("run_worker", "--until-empty")
    assert (len(mail.outbox), statuses()) == (0, ["FAILED"])
    minutes_pass(2)
    run("run_worker", "--until-empty")
    assert (len(mail.outbox), statuses()) == (1, [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_after_the_last_try_it_stays_failed_and_is_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locmem.EmailBackend, "send_messages", _no_server)
    invite()
    for tries in range(1, 8):
        run("run_worker", "--until-empty")
        assert len(DBTaskResult.objects.get().worker_ids) == min(tries, 6)
        minutes_pass(12 * 60 + 1)
    assert background.queue().failed == 1
    with clock.later(days=15):
        run("run_worker", "--until-empty")
    assert statuses() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_task_whose_worker_dies_at_the_last_try_has_failed() -> None:
    invite()
    DBTaskResult.objects.get().claim("the last worker")
    DBTaskResult.objects.update(worker_ids=[f"worker {number}" for number in range(6)])
    with clock.later(minutes=5):
        assert background.put_back() == 0
    assert (background.queue().running, background.queue().failed) == (0, 1)


def _no_server(*arguments: Any) -> int:
    raise ConnectionRefusedError("no mail server")


def minutes_pass(minutes: int) -> None:
    for row in DBTaskResult.objects.exclude(finished_at=None):
        row.finished_at = row.finished_at and row.finished_at - timedelta(minutes=minutes)
        row.save(update_fields=["finished_at"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_worker_that_lives_keeps_its_task() -> None:
    invite()
    DBTaskResult.objects.get().claim("somebody else's worker")
    run("run_worker", "--until-empty")
    assert (len(mail.outbox), statuses()) == (0, ["RUNNING"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_queued")
def test_a_lease_is_renewed_only_while_the_task_runs() -> None:
    invite()
    row = DBTaskResult.objects.get()
    row.claim("a worker")
    with clock.later(minutes=5):
        background.renew(row.pk)
        assert background.put_back() == 0
    with clock.later(minutes=10):
        assert background.put_back() == 1
        background.renew(row.pk)
    row.refresh_from_db()
    assert (row.status, background.is_waiting()) == (TaskResultStatus.READY, True)


@pytest.mark.django_db(transaction=True)
def test_a_mail_survives_its_worker_killed_in_the_middle_of_it(project: Path) -> None:
    with listening(MailServer(holds=True)) as server:
        environment = {"TASKS": "database", "EMAIL_URL": server.url}
        done = in_a_shell(project, "invite_user", "zoe", "--email", "zoe@example.test", **environment)
        assert (done.returncode, server.received) == (0, [])
        with worker_of(project, environment) as worker:
            assert server.holding.wait(30), worker.log
            assert statuses() == ["RUNNING"]
            worker.signal(signal.SIGKILL)
            worker.exit_code()
        server.holds = False
        clock.wait(1.1)  # the dead worker's lease, on the clock of the next one's process
        again = in_a_shell(project, "run_worker", "--until-empty", "--lease", "1", **environment)
        assert (again.returncode, statuses(), len(server.received)) == (0, [], 1), again.stderr
    assert "To: zoe@example.test" in server.received[0]
    assert LINK.search(server.received[0].replace("=\r\n", ""))


@pytest.mark.django_db(transaction=True)
def test_a_worker_told_to_stop_finishes_the_task_at_hand(project: Path) -> None:
    with listening(MailServer(holds=True)) as server:
        environment = {"TASKS": "database", "EMAIL_URL": server.url}
        in_a_shell(project, "invite_user", "zoe", "--email", "zoe@example.test", **environment)
        with worker_of(project, environment) as worker:
            assert server.holding.wait(30), worker.log
            worker.signal(signal.SIGTERM)
            server.released.set()
            assert (worker.exit_code(), statuses(), len(server.received)) == (0, [], 1)


def worker_of(project: Path, environment: dict[str, str]) -> AbstractContextManager[processes.Process]:
    command = [sys.executable, "manage.py", "run_worker", "--lease", "1", "--interval", "0.1"]
    return processes.started(command, cwd=project, environment=shell_environment() | environment)


@pytest.mark.django_db
def test_a_worker_without_a_queue_says_what_to_set() -> None:
    with pytest.raises(CommandError, match="TASKS=database"):
        run("run_worker", "--until-empty")
