"""Contacts of identity providers: when they call, and what they request while an administrator watches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.db.locks import lock
from identity.events import Event
from identity.models import (
    AccessSettings,
    IdentityProvider,
    ProviderContact,
    ProviderSilence,
    ReceivedRequest,
    Rhythm,
    SCIMToken,
)
from identity.models.provider_contacts import REMEMBERED, WATCH, hour_of
from identity.services import unknown_attributes

if TYPE_CHECKING:
    from identity.core.actors import Actor

KEPT = 50
RECEIVED_KEPT = timedelta(days=7)
STRANGERS_APART = timedelta(seconds=1)

_NOTE = """
    INSERT INTO identity_providercontact (identity_provider_id, hour) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


def note_contact(provider_id: int, now: datetime) -> None:
    """This IdP called in this hour."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [provider_id, hour_of(now)])


def forget_old_contacts() -> int:
    """Delete hours too old for any rhythm, requests of watches that ended a week ago, and names that no IdP sends.

    How many.
    """
    now = timezone.now()
    hours, _ = ProviderContact.objects.filter(hour__lt=hour_of(now - REMEMBERED)).delete()
    requests, _ = ReceivedRequest.objects.filter(at__lt=now - RECEIVED_KEPT).delete()
    return hours + requests + unknown_attributes.forget_old()


@transaction.atomic
def note_silence(*, actor: Actor) -> int:
    """An event for each IdP that has fallen silent, and for each that is heard again; how many are silent.

    While SCIM is off nothing is noted: calls are turned away before they are recorded.
    """
    if not AccessSettings.objects.mode().scim_enabled:
        return 0
    noted = set(ProviderSilence.objects.values_list("identity_provider", flat=True))
    silent = _silent_providers()
    ProviderSilence.objects.bulk_create(ProviderSilence(identity_provider_id=pk) for pk in sorted(silent - noted))
    ProviderSilence.objects.filter(identity_provider__in=noted - silent).delete()
    for pk in sorted(silent - noted):
        audit.record(Event.IDENTITY_PROVIDER_SILENT, actor=actor, identity_provider_id=pk)
    for pk in sorted(noted - silent):
        audit.record(Event.IDENTITY_PROVIDER_HEARD_AGAIN, actor=actor, identity_provider_id=pk)
    return len(silent)


def _silent_providers() -> set[int]:
    """Judged by the rhythm of each."""
    rhythms = ProviderContact.objects.rhythms()
    used = SCIMToken.objects.order_by().values("identity_provider").annotate(last=Max("last_used_at"))
    last = dict(used.values_list("identity_provider", "last"))
    return {pk for pk, at in last.items() if rhythms.get(pk, Rhythm()).heard(at).is_silent}


@transaction.atomic
def watch(provider: IdentityProvider, *, actor: Actor) -> IdentityProvider:
    """Keep this IdP's requests for the next half hour, including reads, so that a test run there shows up here."""
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    provider = lock(IdentityProvider, provider.pk)
    if not provider.is_watched:
        provider.received_requests.all().delete()
        ReceivedRequest.objects.filter(identity_provider=None).delete()
    provider.watched_until = timezone.now() + WATCH
    provider.save(update_fields=["watched_until"])
    audit.record(Event.IDENTITY_PROVIDER_WATCHED, actor=actor, identity_provider_id=provider.pk)
    return provider


def note_request(
    provider_id: int,
    *,
    method: str,
    path: str,
    status: int,
    request_id: str = "",
    token_label: str,
    address: str,
    duration_ms: int = 0,
) -> None:
    """Keep a request of a watched IdP; every so often the oldest go."""
    row = ReceivedRequest.objects.create(
        identity_provider_id=provider_id,
        request_id=request_id,
        method=method[:8],
        path=path[:500],
        status=status,
        token_label=token_label,
        address=address[:64],
        duration_ms=duration_ms,
    )
    if row.pk % KEPT == 0:
        _keep_the_newest(ReceivedRequest.objects.filter(identity_provider=provider_id))


def note_stranger(*, method: str, path: str, address: str) -> None:
    """A request with an unknown token: kept while any IdP is watched, at most one per second.

    During set-up this is usually a wrongly pasted token, which would show up nowhere else.
    """
    now = timezone.now()
    if not IdentityProvider.objects.filter(watched_until__gt=now).exists():
        return
    strangers = ReceivedRequest.objects.filter(identity_provider=None)
    if strangers.filter(at__gt=now - STRANGERS_APART).exists():
        return
    ReceivedRequest.objects.create(method=method[:8], path=path[:500], status=401, address=address[:64])
    _keep_the_newest(strangers)


def _keep_the_newest(rows: QuerySet[ReceivedRequest]) -> None:
    oldest = rows.values_list("pk", flat=True)[KEPT - 1 : KEPT].first()
    if oldest is not None:
        rows.filter(pk__lt=oldest).delete()
