"""Everything that has to happen at a time, and how often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from identity.core.actors import Schedule
from identity.db import partitions
from identity.services import (
    alarms,
    background,
    brakes,
    headcounts,
    idempotency,
    provider_contacts,
    retention,
    scim_trusts,
    webhook_deliveries,
)
from identity.services.schedule import Job
from portal.project import shared_cache
from portal.schedule import alarms as looking
from portal.session import store

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NIGHT = 3 * HOUR

# A portal that is upgraded has a week to choose before the first row goes.
TO_CHOOSE = timedelta(days=7)


def alone(work: Callable[[], int]) -> Callable[[Schedule], int]:
    """Work that leaves no audit event needs no actor."""
    return lambda actor: work()


def kept(record: retention.Record) -> Job:
    """What is older than the portal keeps it goes, every night."""
    return Job(
        record.name,
        record.title,
        f"{record.deed} when they are older than the portal keeps them.",
        DAY,
        lambda actor: retention.let_go_of_old(record, actor=actor),
        record.rows,
        at=NIGHT,
        first_after=TO_CHOOSE,
    )


ON_POSTGRESQL: tuple[Job, ...] = (
    Job(
        "log_parts",
        "Parts of the logs",
        "Makes the parts of the log tables that the next rows will need.",
        HOUR,
        alone(lambda: partitions.make_ahead(connection)),
        "parts",
    ),
)

JOBS: tuple[Job, ...] = (
    *(kept(record) for record in retention.RECORDS),
    Job(
        "headcount",
        "Head count",
        "Counts the users by status at the start of a day (UTC), for the dashboard's chart.",
        DAY,
        alone(headcounts.note),
        "counts",
    ),
    Job(
        "silence",
        "Silent identity providers",
        "Notes in the audit log which identity providers have fallen silent, and which are heard again.",
        timedelta(minutes=10),
        lambda actor: provider_contacts.note_silence(actor=actor),
        "silent identity providers",
    ),
    Job(
        "sessions",
        "Expired sessions",
        "Deletes sessions that have expired. They open nothing before that either.",
        timedelta(minutes=10),
        alone(store.delete_expired),
        "sessions",
    ),
    Job(
        "shared_cache",
        "Throttles and single-use codes",
        "Deletes counters of guesses, and codes and tokens of sign-ins, that are over.",
        HOUR,
        alone(shared_cache.forget_expired),
        "entries",
    ),
    Job(
        "idempotent_requests",
        "Answers kept for a retry",
        "Deletes answers of the REST API that were kept for 24 hours under an Idempotency-Key.",
        HOUR,
        alone(idempotency.forget_old_requests),
        "answers",
    ),
    Job(
        "spent_assertions",
        "Used assertions",
        "Forgets which assertions of SCIM clients were used, once they have expired.",
        HOUR,
        alone(scim_trusts.forget_spent_assertions),
        "assertions",
    ),
    Job(
        "recent_losses",
        "What the brakes count",
        "Forgets people an identity provider took something from more than an hour ago.",
        HOUR,
        alone(brakes.forget_old_losses),
        "rows",
    ),
    Job(
        "provider_contacts",
        "Contacts of identity providers",
        "Deletes hours of contact older than eight weeks, and the requests of watches a week ago.",
        DAY,
        alone(provider_contacts.forget_old_contacts),
        "rows",
        at=NIGHT,
    ),
    Job(
        "failed_tasks",
        "Failed tasks",
        "Deletes tasks that failed for good two weeks ago, such as mails that could not be sent.",
        DAY,
        alone(background.forget_old_failures),
        "tasks",
        at=NIGHT,
    ),
    Job(
        "alarms",
        "Alarms",
        "Looks for what people are to be told of, and tells them as the notification rules say.",
        timedelta(minutes=2),
        looking.look,
        "notices",
    ),
    Job(
        "drift",
        "Comparison with identity providers",
        "Compares the members of mapped groups with what identity providers last sent, for an alarm.",
        DAY,
        looking.look_for_drift,
        "groups",
        at=NIGHT,
    ),
    Job(
        "old_alarms",
        "Old alarms",
        "Deletes alarms that ended half a year ago, with the record of who was told.",
        DAY,
        alone(alarms.forget_old),
        "rows",
        at=NIGHT,
    ),
    Job(
        "webhook_deliveries",
        "Deliveries of webhooks",
        "Deletes the record of deliveries that ended a month ago.",
        DAY,
        alone(webhook_deliveries.forget_old),
        "deliveries",
        at=NIGHT,
    ),
    *(ON_POSTGRESQL if connection.vendor == "postgresql" else ()),
)
BY_NAME = {job.name: job for job in JOBS}
