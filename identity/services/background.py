"""Background work: queued with the change it belongs to, done at least once, forgotten when done.

With the database backend a task is a row, and the row is its lease: `started_at` is renewed while the worker
that claimed it lives. django-tasks leaves a dead worker's tasks claimed and never retries a failed one;
here both are queued again, judged from the rows alone, so a worker may die at any point.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

if TYPE_CHECKING:
    from uuid import UUID

    from django_tasks.base import Task

logger = logging.getLogger(__name__)

Status = TaskResultStatus

WAITING_AT_MOST = 500

LEASE = timedelta(seconds=60)
LONG_IN_THE_QUEUE = timedelta(minutes=10)
KEEP_FAILURES = timedelta(days=14)

# How long after its 1st, 2nd, … failure a task is retried; after the last one it stays failed.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))


@dataclass(frozen=True, slots=True)
class Queue:
    """The state of the queue. `oldest` is when the longest waiting task was queued."""

    waiting: int
    running: int
    failed: int
    oldest: datetime | None


def later(task: Task[Any, Any], **arguments: Any) -> None:
    """Run this once the transaction has committed, and never if it is rolled back.

    A stored task is written in the same transaction, so it survives any crash after the commit.
    """
    if task.get_backend().supports_get_result:
        task.enqueue(**arguments)
    else:
        transaction.on_commit(lambda: task.enqueue(**arguments), robust=True)


def after_answer(task: Task[Any, Any], **arguments: Any) -> None:
    """`later`, but never while a page is waiting, with whichever backend.

    The response time would reveal whether there was a mail to send, and a hanging mail server would lock people out
    in an emergency.
    """
    if task.get_backend().supports_get_result:
        task.enqueue(**arguments)
    else:
        transaction.on_commit(lambda: submit(task, arguments), robust=True)


def in_a_thread(task: Task[Any, Any], arguments: dict[str, Any]) -> None:
    """Run it in a thread, if one is free: a flood does not fill the memory."""
    if _places.acquire(blocking=False):
        _threads.submit(_run, task, arguments)
    else:
        logger.error("Too much work waits: %s was left out", task.name)


def _run(task: Task[Any, Any], arguments: dict[str, Any]) -> None:
    try:
        task.enqueue(**arguments)
    finally:
        _places.release()
        connections.close_all()  # those of this thread


# Threads start with the first task, so after a server has forked; at exit, the process waits for running tasks.
_threads = ThreadPoolExecutor(2, thread_name_prefix="after-answer")
_places = BoundedSemaphore(WAITING_AT_MOST)
submit = in_a_thread


def is_waiting() -> bool:
    """Whether a worker has something to claim; checked without a lock."""
    return DBTaskResult.objects.ready().exists()


def renew(task_id: UUID) -> None:
    """Record that this task's worker is alive."""
    DBTaskResult.objects.filter(pk=task_id, status=Status.RUNNING).update(started_at=timezone.now())


def forget_done() -> None:
    """A task that succeeded leaves nothing: its arguments are personal data (R10)."""
    done = DBTaskResult.objects.successful()
    if done.exists():
        done.delete()


def put_back(lease: timedelta = LEASE) -> int:
    """Requeue what a dead worker left and failed tasks due for a retry; how many.

    A task whose worker died on the last attempt has failed.
    """
    if not any(_is_due(row, lease) for row in _unfinished()):
        return 0
    with transaction.atomic():
        rows = [row for row in _unfinished().select_for_update(skip_locked=True) if _is_due(row, lease)]
        for row in rows:
            if _tries(row) > len(PAUSES):
                row.status, row.finished_at = Status.FAILED, timezone.now()
            else:
                row.status, row.run_after = Status.READY, get_date_max()
            row.save(update_fields=["status", "run_after", "finished_at"])
    return sum(row.status == Status.READY for row in rows)


def forget_old_failures() -> int:
    """Delete tasks that failed long ago, kept until then for inspection; how many."""
    return DBTaskResult.objects.failed().filter(finished_at__lt=timezone.now() - KEEP_FAILURES).delete()[0]


def queue() -> Queue:
    """The state of the queue, for `doctor`."""
    rows = DBTaskResult.objects
    oldest = rows.ready().order_by("enqueued_at").values_list("enqueued_at", flat=True).first()
    return Queue(rows.ready().count(), rows.running().count(), rows.failed().count(), oldest)


def is_stuck() -> bool:
    """Whether a task has waited for so long that no worker seems to run."""
    return DBTaskResult.objects.ready().filter(enqueued_at__lt=timezone.now() - LONG_IN_THE_QUEUE).exists()


def _unfinished() -> Any:
    return DBTaskResult.objects.filter(status__in=[Status.RUNNING, Status.FAILED]).order_by("enqueued_at")


def _is_due(row: DBTaskResult[Any, Any], lease: timedelta) -> bool:
    tries, now = _tries(row), timezone.now()
    if row.status == Status.RUNNING:
        return row.started_at is not None and row.started_at < now - lease
    if tries > len(PAUSES):
        return False
    return row.finished_at is not None and row.finished_at < now - PAUSES[tries - 1]


def _tries(row: DBTaskResult[Any, Any]) -> int:
    return len(row.worker_ids)
