"""A worker that processes queued tasks until it is stopped (TASKS=database)."""

from __future__ import annotations

import logging
import socket
import time
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils.crypto import get_random_string
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from identity.services import background
from portal.schedule.leases import kept_alive
from portal.schedule.loop import Loop, do_what_is_due
from portal.webhooks.sender import EventSender, send_everything

logger = logging.getLogger(__name__)


class PortalWorker(Worker):
    """django-tasks-db's worker, with a lease on its task, and recovery of tasks that others left behind.

    `interval` and `lease` in seconds. A second signal ends it in the middle of a task, as kill -9 does: then
    another worker repeats the task once the lease has expired.
    """

    def __init__(self, *, interval: float, lease: float) -> None:
        super().__init__(
            queue_names=["*"],
            interval=interval,
            batch=True,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=None,
            worker_id=f"{socket.gethostname()[:40]}-{get_random_string(12)}",
            excluded_queue_names=[],
        )
        self.lease = timedelta(seconds=lease)

    def work(self) -> None:
        """Until a signal. Other threads do what is due and send to webhooks, so that mails wait for neither."""
        loop, sender = Loop(), EventSender()
        loop.start()
        sender.start()
        while self.running:
            self.work_off()
            time.sleep(self.interval)
        loop.stop()
        sender.stop()

    def work_off_everything(self) -> None:
        """What is due, all waiting tasks, and events for webhooks."""
        do_what_is_due()
        self.work_off()
        send_everything()

    def work_off(self) -> None:
        """All waiting tasks. Waits while the database is unavailable."""
        try:
            close_old_connections()
            background.put_back(self.lease)
            if background.is_waiting():
                self.run()
            background.forget_done()
        except DatabaseError:
            logger.exception("The database does not answer; trying again")

    def run_task(self, db_task_result: DBTaskResult[Any, Any]) -> None:
        pk = db_task_result.pk
        with kept_alive(lambda: background.renew(pk), self.lease, of=f"task {pk}"):
            super().run_task(db_task_result)
