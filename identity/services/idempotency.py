"""Idempotent requests: the client chooses the key, the answer is kept for 24 hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from identity.core.encryption import seal, unseal
from identity.core.errors import KeyReused, Refused, StillRunning
from identity.db.uniqueness import is_taken
from identity.models import IdempotentRequest, User
from identity.models.idempotency import KEPT

# No request runs that long (STATEMENT_TIMEOUT, the server's own): its process died and nothing was applied.
ABANDONED = timedelta(minutes=2)
ERASED = "erased"


def begin(user: User, key: str, digest: str) -> tuple[IdempotentRequest, str]:
    """The row of this request and the answer to an earlier attempt, empty for the first.

    Raises KeyReused when the key came with another request, StillRunning when the first attempt has not finished.
    Call `finish` in the same transaction as the request's changes, so that both are stored or neither is.
    """
    now = timezone.now()
    of_this_key = IdempotentRequest.objects.filter(user=user, key=key)
    of_this_key.filter(_is_over(now)).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(user=user, key=key, digest=digest), ""
    except IntegrityError as error:
        if not is_taken(error):
            raise
        return _again(user, key, digest)


def forget_old_requests() -> int:
    """Delete answers that were kept long enough, and requests whose process died; how many."""
    return IdempotentRequest.objects.filter(_is_over(timezone.now())).delete()[0]


def _is_over(now: datetime) -> Q:
    return Q(begun_at__lt=now - KEPT) | Q(answer="", begun_at__lt=now - ABANDONED)


def _again(user: User, key: str, digest: str) -> tuple[IdempotentRequest, str]:
    row = IdempotentRequest.objects.filter(user=user, key=key).first()
    if row is None or (row.digest == digest and not row.answer):
        raise StillRunning("A request with this Idempotency-Key is still being worked on: try again shortly.")
    if row.digest != digest:
        raise KeyReused("This Idempotency-Key was used for another request: take a new one.")
    if row.answer == ERASED:
        raise KeyReused(
            "This request was carried out. Its answer was erased together with a deleted person.", code="answer_erased"
        )
    try:
        return row, unseal(row.answer)
    except Refused as error:  # SECRET_KEY has changed since
        raise KeyReused("This was done; its answer can't be read any more.", code="answer_unreadable") from error


def finish(row: IdempotentRequest, answer: str) -> None:
    """Store the answer, encrypted: it holds personal data. Secrets shown once are not in it (SR-11)."""
    IdempotentRequest.objects.filter(pk=row.pk).update(answer=seal(answer))


def abandon(row: IdempotentRequest) -> None:
    """The request was refused and changed nothing: the key is free again."""
    IdempotentRequest.objects.filter(pk=row.pk, answer="").delete()


def erase_answers() -> None:
    """R10: any of them may mention a permanently deleted user. That the requests were made remains recorded."""
    IdempotentRequest.objects.exclude(answer="").update(answer=ERASED)
