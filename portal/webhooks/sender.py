"""A thread that sends events to webhooks, in a process that serves requests or works off tasks.

The audit log is the outbox: what has committed is sent, once nothing that precedes it can come any more, and a position
in the webhook's row says how far that went. Each webhook is sent by a thread of its own, so that a slow receiver delays
no other; while one waits for an answer it holds no database connection.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

from django.db import Error as DatabaseError
from django.db import connections

from identity.core.actors import Schedule
from identity.core.errors import Refused
from identity.core.webhook_signatures import signed_headers
from identity.models import Webhook, WebhookDelivery
from identity.queries import event_feed
from identity.queries.event_feed import FeedPosition
from identity.queries.event_stream import Horizon
from identity.services import webhook_deliveries, webhooks
from identity.services.webhook_deliveries import Attempt, Planned
from portal.exchange.messages import as_message
from portal.exchange.ocsf import uid_of
from portal.project.logging import redact
from portal.schedule.loop import InServer, holder_name
from portal.webhooks.calling import ReceiverSession, call

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_WITHOUT_WEBHOOKS = 20.0
SECONDS_AT_A_TIME = 20.0  # with the longest call less than a lease
PATIENCE_SECONDS = 5.0  # to wait for writers who may precede what is there
READ_AT_ONCE = 200

PORTAL = Schedule("Webhooks")


class EventSender:
    """The thread, and those that send for it."""

    def __init__(self, *, interval: float = SECONDS_BETWEEN_LOOKS) -> None:
        self.interval = interval
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)
        self._threads = ThreadPoolExecutor(webhooks.MOST, thread_name_prefix="webhook")

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Begin nothing more, and wait so long for what is being sent. What is cut off is sent again."""
        self._stopping.set()
        self._thread.join(seconds)
        self._threads.shutdown(wait=seconds is None, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.wait(self._look()):
            pass

    def _look(self) -> float:
        """Send what there is; the number of seconds to wait."""
        pause = SECONDS_WITHOUT_WEBHOOKS
        try:
            while not self._stopping.is_set() and (webhook := webhook_deliveries.claim(holder_name())):
                self._threads.submit(self._serve, webhook)
            if Webhook.objects.filter(is_enabled=True).exists():
                pause = self.interval
        except DatabaseError as error:
            logger.warning("Webhooks wait for the database (%s)", type(error).__name__)
        except Exception:
            logger.exception("Webhooks could not be looked at")
        finally:
            connections.close_all()  # those of this thread
        return pause * random.uniform(1, 1.1)  # noqa: S311

    def _serve(self, webhook: Webhook) -> None:
        try:
            serve(webhook, until=self._stopping, lets_go=connections.close_all)
        except DatabaseError as error:
            logger.warning("Webhook %s waits for the database (%s)", webhook.pk, type(error).__name__)
        except Exception:
            logger.exception("Webhook %s could not be served", webhook.pk)
        finally:
            connections.close_all()


def send_everything() -> int:
    """In this thread, until nothing more can be sent; how many attempts were made."""
    made, goes_on = 0, True
    while goes_on:
        goes_on, claimed = False, list(iter(lambda: webhook_deliveries.claim(holder_name()), None))
        for webhook in claimed:
            before = webhook.after_event, webhook.after_move
            number = serve(webhook)
            made += number
            goes_on = goes_on or bool(number) or (webhook.after_event, webhook.after_move) != before
    return made


def serve(webhook: Webhook, *, until: Event | None = None, lets_go: Callable[[], object] = lambda: None) -> int:
    """Plan and send what this webhook, which is claimed, is to be told; how many attempts were made.

    `lets_go` of the database's connection before a receiver takes its time.
    """
    made, ends = 0, time.monotonic() + SECONDS_AT_A_TIME
    try:
        plan(webhook)
        while not (until and until.is_set()) and time.monotonic() < ends:
            attempts = _attempts(webhook, ends, lets_go)
            made += len(attempts)
            is_held = webhook_deliveries.note(webhook, attempts, actor=PORTAL)
            if not (attempts and is_held and attempts[-1].is_delivered):
                break
    finally:
        webhook_deliveries.release(webhook)
    return made


def plan(webhook: Webhook) -> None:
    """Make deliveries of what has happened since."""
    horizon = None
    while webhook_deliveries.has_room(webhook):
        after = FeedPosition(webhook.after_event, webhook.after_move)
        horizon = horizon or Horizon(after.event)
        found = event_feed.entries(after, until=horizon.settle(PATIENCE_SECONDS), limit=READ_AT_ONCE)
        if not found:
            return
        planned = [
            Planned(entry.position.event, entry.position.move, uid_of(entry.event), entry.event.action)
            for entry in found
            if webhook.wants(entry.event)
        ]
        last = found[-1].position
        if not webhook_deliveries.plan(webhook, planned, after=(last.event, last.move)):
            return


def _attempts(webhook: Webhook, ends: float, lets_go: Callable[[], object]) -> list[Attempt]:
    """Of what is due, until the first that fails: whoever fails is left alone for a while."""
    deliveries = webhook_deliveries.due(webhook)
    if not deliveries:
        return []
    try:
        keys = webhook_deliveries.keys_of(webhook)
    except Refused:
        return [Attempt(deliveries[0], None, WebhookDelivery.Problem.KEY)]
    bodies = _bodies(deliveries)
    attempts: list[Attempt] = []
    lets_go()
    with ReceiverSession() as session:
        for delivery, body in bodies:
            headers = signed_headers(keys, uid=delivery.uid, at=int(time.time()), body=body)
            answer = call(session, webhook.url, body, headers)
            attempts.append(Attempt(delivery, answer.status, answer.problem, answer.duration_ms, answer.retry_after))
            if not attempts[-1].is_delivered or time.monotonic() > ends:
                break
    return attempts


def _bodies(deliveries: list[WebhookDelivery]) -> list[tuple[WebhookDelivery, bytes]]:
    """What is sent, made now: events never go, and what was erased of one meanwhile is not in it."""
    positions = {delivery.pk: FeedPosition(delivery.event_id, delivery.move_id) for delivery in deliveries}
    events = event_feed.at(positions.values())
    return [
        (delivery, redact(json.dumps(as_message(events[positions[delivery.pk]]), ensure_ascii=False)).encode())
        for delivery in deliveries
    ]


in_server = InServer(EventSender)
