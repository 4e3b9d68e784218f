"""After a SECRET_KEY rotation: re-encrypt with the new key what an earlier one encrypted.

Row by row, each in its own transaction and only if unchanged since it was read: it can be stopped and restarted
at any time, while the portal runs. What no key decrypts stays as it is and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django_tasks_db.models import DBTaskResult

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.encryption import State, reseal, state_of
from identity.db.keyset import Keyset, batches
from identity.events import Event
from identity.models import IdempotentRequest, SealedKeys, SecondFactor, SSOConnection, Webhook
from identity.services import digest_keys
from identity.services.idempotency import ERASED

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Actor


@dataclass(frozen=True, slots=True)
class Holder:
    """A table with encrypted values: the column, and the path within its JSON, if it is JSON."""

    name: str
    rows: Callable[[], QuerySet[Any]]
    column: str
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Count:
    """A holder's values: under the current key, under an earlier one (`old`), under an unknown one (`lost`)."""

    name: str
    current: int = 0
    old: int = 0
    lost: int = 0


HOLDERS: tuple[Holder, ...] = (
    Holder("client secrets", lambda: SSOConnection.objects.exclude(client_secret=""), "client_secret"),
    Holder("second steps", lambda: SecondFactor.objects.all(), "secret"),
    Holder("secrets of webhooks", lambda: Webhook.objects.all(), "secret"),
    Holder("former secrets of webhooks", lambda: Webhook.objects.exclude(former_secret=""), "former_secret"),
    Holder("keys of digests", lambda: SealedKeys.objects.all(), "sealed"),
    Holder("answers to retried requests", lambda: IdempotentRequest.objects.exclude(answer__in=["", ERASED]), "answer"),
    Holder("queued mails", lambda: DBTaskResult.objects.all(), "args_kwargs", ("kwargs", "sealed")),
)


def count(holder: Holder) -> Count:
    """How many are under which key; changes nothing."""
    found = Count(holder.name)
    for row in _rows(holder):
        if sealed := _sealed_in(row, holder):
            _add(found, state_of(sealed))
    return found


def reseal_all(holders: tuple[Holder, ...], *, really: bool, actor: Actor) -> list[Count]:
    """Re-encrypt everything that an earlier key encrypted; the counts from before."""
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    digest_keys.keep()  # if none was needed yet
    found = [count(holder) for holder in holders]
    if not really:
        return found
    for holder in holders:
        for row in _rows(holder):
            if (sealed := _sealed_in(row, holder)) and state_of(sealed) is State.OLD:
                _reseal(row, holder)
    if number := sum(one.old for one in found):
        audit.record(Event.RECORDS_RESEALED, actor=actor, details={"secrets": number})
    return found


@transaction.atomic
def _reseal(row: Any, holder: Holder) -> None:
    """Only if no one has written there meanwhile."""
    before = getattr(row, holder.column)
    rows = holder.rows().filter(pk=row.pk)
    current = rows.select_for_update().first()
    if current is not None and getattr(current, holder.column) == before:
        rows.update(**{holder.column: _sealed_anew(before, holder.path)})


def _sealed_in(row: Any, holder: Holder) -> str:
    """The encrypted values of a row; empty if there are none."""
    value = getattr(row, holder.column)
    for name in holder.path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _sealed_anew(value: Any, path: tuple[str, ...]) -> Any:
    """The column's value with the encrypted value at the end of the path re-encrypted with the current key."""
    if not path:
        return reseal(value)
    name, *below = path
    return {**value, name: _sealed_anew(value[name], tuple(below))}


def _rows(holder: Holder) -> Iterator[Any]:
    for batch in batches(holder.rows(), Keyset()):
        yield from batch


def _add(found: Count, state: State) -> None:
    match state:
        case State.CURRENT:
            found.current += 1
        case State.OLD:
            found.old += 1
        case _:
            found.lost += 1
