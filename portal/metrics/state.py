"""What the database says at the moment that it is asked; the same from every host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from identity.db import following, readiness, replica
from identity.models import IdentityProvider, ScheduledJob
from identity.queries.attention import Counts, count_everything
from identity.queries.rhythm import activities
from identity.services import background
from portal.project.version import version


class StateCollector(Collector):
    """Without the database there is only the word that it is away: the rest is not known, and not zero."""

    def collect(self) -> Iterator[Any]:
        yield InfoMetricFamily("gatehouse_build", "The release.", value={"version": version()})
        try:
            with readiness.in_time():
                counts = count_everything()
                known = [*_people(counts), *_providers(counts), *_work(), *_connections()]
        except DatabaseError:
            yield _gauge("gatehouse_database_up", "1 while the database answers.", 0)
            return
        yield _gauge("gatehouse_database_up", "1 while the database answers.", 1)
        yield from known
        yield from _replica()


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=value)


def _people(counts: Counts) -> Iterator[GaugeMetricFamily]:
    yield _gauge("gatehouse_scim_enabled", "1 while SCIM is on.", counts.mode.scim_enabled)
    yield _gauge("gatehouse_sso_enforced", "1 while SSO is enforced.", counts.mode.sso_enforced)
    yield _gauge("gatehouse_conflicts_open", "Conflicts that wait for a decision.", counts.conflicts)
    yield _gauge("gatehouse_refusals_recent", "Refused changes among the latest of SCIM.", counts.refusals)
    yield _gauge("gatehouse_break_glass_accounts", "Enabled owners who get in without SSO.", counts.break_glass)


def _providers(counts: Counts) -> Iterator[GaugeMetricFamily]:
    """By id: names are people's to change."""
    silent = GaugeMetricFamily("gatehouse_scim_silent", "1 for one that calls no more.", labels=["identity_provider"])
    heard = GaugeMetricFamily(
        "gatehouse_scim_last_request_seconds", "Since it was last heard.", labels=["identity_provider"]
    )
    for one in activities(IdentityProvider.objects.all(), scim_enabled=counts.mode.scim_enabled):
        label = [str(one.provider.pk)]
        silent.add_metric(label, one.is_silent)
        if one.last_heard:
            heard.add_metric(label, (timezone.now() - one.last_heard).total_seconds())
    yield silent
    yield heard


def _work() -> Iterator[GaugeMetricFamily]:
    queue = background.queue()
    waits = (timezone.now() - queue.oldest).total_seconds() if queue.oldest else 0
    yield _gauge("gatehouse_queue_waiting", "Tasks that no worker has begun.", queue.waiting)
    yield _gauge("gatehouse_queue_running", "Tasks at work.", queue.running)
    yield _gauge("gatehouse_queue_failed", "Tasks that failed and are kept.", queue.failed)
    yield _gauge("gatehouse_queue_oldest_seconds", "How long the oldest task waits.", waits)
    yield _gauge("gatehouse_jobs_overdue", "Scheduled jobs that are overdue.", ScheduledJob.objects.overdue().count())
    yield _gauge("gatehouse_jobs_failing", "Scheduled jobs that failed.", ScheduledJob.objects.failing().count())


def _replica() -> Iterator[GaugeMetricFamily]:
    if not replica.is_there():
        return
    try:
        lag = following.measured()
    except (DatabaseError, following.NoReplica):
        lag = None
    yield _gauge("gatehouse_replica_up", "1 while a replica answers and follows.", lag is not None)
    if lag is None:
        return
    yield _gauge("gatehouse_replica_lag_seconds", "Age of the last change that the replica has.", lag.seconds)
    yield _gauge("gatehouse_replica_lag_bytes", "Of the primary's log, that the replica has not.", lag.bytes)


def _connections() -> Iterator[GaugeMetricFamily]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity "
            "WHERE datname = current_database()"
        )
        used, most = cursor.fetchone()
    yield _gauge("gatehouse_database_connections", "Connections to this database, of all clients.", used)
    yield _gauge("gatehouse_database_connections_most", "PostgreSQL's max_connections.", most)
