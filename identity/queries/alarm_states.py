"""What people are to be told of (R30): states that last, each by a statement or two, and events that happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Q, Sum
from django.utils import timezone

from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.db.counting import CountOf
from identity.events import Event
from identity.models import (
    AccessSettings,
    AuditEvent,
    AuditOrigin,
    Brake,
    Conflict,
    IdentityProvider,
    ProviderSilence,
    ProvisioningLog,
    Role,
    ScheduledJob,
    SCIMToken,
    TurnedAway,
    User,
    Webhook,
)
from identity.queries import rhythm
from identity.queries.certificates import ending_certificates
from identity.queries.drift import drifts

DRILL_EVERY = timedelta(days=90)
CONFLICT_WAITS = timedelta(days=1)
MANY_REFUSED, REFUSED_SHARE = 10, 0.2  # of an identity provider's latest changes
REFUSED_LATELY = timedelta(days=1)
BURST, BURST_WITHIN = 50, timedelta(minutes=10)
WEBHOOK_FAILS_FOR = timedelta(hours=1)
SECRET_ENDS = timedelta(days=1)
MOST_OF_A_KIND = 50

Kind = AlarmKind


def silent() -> Iterator[AlarmFound]:
    """As the schedule noted it; while SCIM is off nothing is noted, and what was stays."""
    for row in ProviderSilence.objects.select_related("identity_provider"):
        yield AlarmFound(Kind.SILENT, f"provider:{row.identity_provider_id}", row.identity_provider.name)


def brakes() -> Iterator[AlarmFound]:
    for brake in Brake.objects.exclude(braked_at=None).select_related("identity_provider"):
        yield AlarmFound(Kind.BRAKE, f"provider:{brake.identity_provider_id}", brake.identity_provider.name)


def turned_away() -> Iterator[AlarmFound]:
    undecided = TurnedAway.objects.open().filter(identity_provider=OuterRef("pk")).order_by().values("pk")
    rows = IdentityProvider.objects.annotate(waiting=CountOf(undecided)).filter(waiting__gt=0)
    for provider in rows:
        yield AlarmFound(Kind.TURNED_AWAY, f"provider:{provider.pk}", provider.name, provider.waiting)


def refused_share() -> Iterator[AlarmFound]:
    """Of those that were refused something within a day; sign-ins apart."""
    since = ProvisioningLog.objects.first_id_since(timezone.now() - REFUSED_LATELY)
    refused = ProvisioningLog.objects.filter(pk__gte=since, outcome=ProvisioningLog.Outcome.REFUSED)
    lately = set(refused.exclude(identity_provider=None).values_list("identity_provider", flat=True).distinct())
    providers: Iterable[Any] = rhythm.with_refusals(IdentityProvider.objects.filter(pk__in=lately))
    for provider in providers:
        if provider.refused >= MANY_REFUSED and provider.refused >= REFUSED_SHARE * provider.judged:
            share = round(100 * provider.refused / provider.judged)
            yield AlarmFound(Kind.REFUSED_SHARE, f"provider:{provider.pk}", provider.name, share)


def conflicts() -> Iterator[AlarmFound]:
    waiting = Conflict.objects.open().filter(first_seen_at__lt=timezone.now() - CONFLICT_WAITS)
    for row in waiting.select_related("identity_provider").order_by("pk")[:MOST_OF_A_KIND]:
        yield AlarmFound(Kind.CONFLICT, f"conflict:{row.pk}", row.identity_provider.name)


def drift() -> Iterator[AlarmFound]:
    """Only with SCIM on: without it the portal's side is meant to differ."""
    if AccessSettings.objects.mode().scim_enabled and (found := drifts()):
        yield AlarmFound(Kind.DRIFT, "groups", number=len(found))


def tokens() -> Iterator[AlarmFound]:
    for token in SCIMToken.objects.made().exclude(expires_at=None).select_related("identity_provider"):
        if token.expires_soon:
            label = f"{token.label} ({token.identity_provider})"
            yield AlarmFound(Kind.TOKEN_DUE, f"token:{token.pk}", label)


def certificates() -> Iterator[AlarmFound]:
    for connection, _ in ending_certificates():
        yield AlarmFound(Kind.CERTIFICATE_DUE, f"connection:{connection.pk}", connection.identity_provider.name)


def secrets() -> Iterator[AlarmFound]:
    now = timezone.now()
    for webhook in Webhook.objects.filter(former_until__gt=now, former_until__lt=now + SECRET_ENDS):
        yield AlarmFound(Kind.SECRET_DUE, f"webhook:{webhook.pk}", webhook.label)


def drills() -> Iterator[AlarmFound]:
    unproven = Q(last_proven=None) | Q(last_proven__lt=timezone.now() - DRILL_EVERY)
    old_enough = Q(created_at__lt=timezone.now() - timedelta(days=1))  # on the first day there is enough to do
    for user in User.objects.enabled_break_glass().filter(unproven, old_enough):
        yield AlarmFound(Kind.DRILL_DUE, f"user:{user.pk}", user_id=user.pk)


def sign_ins() -> Iterator[AlarmFound]:
    """Failures are counted in ten minutes' windows, each an event: by when the last of them was."""
    failures = [event.value for event in Event if event.told.is_failure and event is not Event.ACCESS_REFUSED]
    since = timezone.now() - BURST_WITHIN
    newest = AuditEvent.objects.newest_id()
    rows = AuditOrigin.objects.filter(last_at__gte=since, event_id__gt=newest - 100_000, event__action__in=failures)
    number = rows.aggregate(times=Sum("times"))["times"] or 0
    if number >= BURST:
        yield AlarmFound(Kind.SIGN_INS, "sign_ins", number=number)


def jobs() -> Iterator[AlarmFound]:
    troubled = ScheduledJob.objects.failing() | ScheduledJob.objects.overdue()
    for row in troubled.order_by("name"):
        yield AlarmFound(Kind.JOBS, f"job:{row.name}", row.name)


def webhooks() -> Iterator[AlarmFound]:
    failing = Q(is_enabled=True, failing_since__lt=timezone.now() - WEBHOOK_FAILS_FOR)
    switched_off = Q(is_enabled=False) & ~Q(disabled_because=Webhook.Disabled.BY_PERSON)
    for webhook in Webhook.objects.filter(failing | switched_off):
        yield AlarmFound(Kind.WEBHOOK, f"webhook:{webhook.pk}", webhook.label)


STATES: dict[AlarmKind, Callable[[], Iterator[AlarmFound]]] = {
    Kind.SILENT: silent,
    Kind.BRAKE: brakes,
    Kind.TURNED_AWAY: turned_away,
    Kind.REFUSED_SHARE: refused_share,
    Kind.CONFLICT: conflicts,
    Kind.TOKEN_DUE: tokens,
    Kind.CERTIFICATE_DUE: certificates,
    Kind.SECRET_DUE: secrets,
    Kind.DRILL_DUE: drills,
    Kind.SIGN_INS: sign_ins,
    Kind.JOBS: jobs,
    Kind.WEBHOOK: webhooks,
}
"""What is looked at every few minutes. Drift compares all memberships, and is looked at once a day."""


def of_events(events: Sequence[AuditEvent]) -> Iterator[AlarmFound]:
    """What of these people are to be told of."""
    for event in events:
        subject = f"event:{event.pk}"
        match event.action:
            case Event.USER_BREAK_GLASS_LOGIN:
                yield AlarmFound(Kind.BREAK_GLASS, subject, user_id=event.user_id)
            case Event.USER_DELETED_PERMANENTLY:
                yield AlarmFound(Kind.DELETION, subject, user_id=event.user_id)
            case Event.USER_ROLE_CHANGED if event.details.get("role", {}).get("to") == Role.OWNER:
                yield AlarmFound(Kind.OWNER_MADE, subject, user_id=event.user_id)
            case Event.USER_CREATED if event.details.get("role") == Role.OWNER:
                yield AlarmFound(Kind.OWNER_MADE, subject, user_id=event.user_id)
