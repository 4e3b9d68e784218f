"""The provisioning log: one row for each SCIM write or refusal, as data (`identity.log_words`), without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from identity.core.actors import IdPActor
from identity.db.compiled import insert
from identity.log_words import NotTaken, What, refusal_as_data
from identity.models import ProvisioningLog

Outcome = ProvisioningLog.Outcome


def log_write(
    what: What,
    *,
    params: dict[str, Any] | None = None,
    actor: IdPActor,
    outcome: str,
    status: int,
    resource_type: str,
    resource_id: object = "",
    user_id: int | None = None,
    subject_key: str = "",
    code: str = "",
    details: dict[str, Any] | None = None,
) -> ProvisioningLog:
    """Write one row, in the transaction it reports on. `params` are the values for the words of `what`."""
    return insert(
        ProvisioningLog(
            identity_provider_id=actor.identity_provider_id,
            token_label=actor.token_label,
            request_id=actor.request_id,
            address=actor.address[:64],
            method=actor.method,
            resource_type=resource_type,
            resource_id=str(resource_id)[:64],
            user_id=user_id,
            subject_key=subject_key[:255],
            outcome=outcome,
            status=status,
            code=code,
            what=what.value,
            params=params or {},
            details=details or {},
            asked=actor.kept_request,
            duration_ms=actor.elapsed_ms,
        )
    )


def log_refusal(
    sentence: str,
    *,
    actor: IdPActor,
    status: int,
    code: str,
    resource_type: str,
    resource_id: object = "",
    subject_key: str = "",
    what: What = What.REFUSED,
    **params: str,
) -> None:
    """A write that was refused with this sentence and rolled back: the row is all that remains of it."""
    log_write(
        what,
        params={**refusal_as_data(sentence), **params},
        actor=actor,
        outcome=Outcome.REFUSED,
        status=status,
        code=code,
        resource_type=resource_type,
        resource_id=resource_id,
        subject_key=subject_key,
    )


def left_out_details(left_out: Iterable[NotTaken]) -> dict[str, Any]:
    """What a row stores about ignored parts of a request."""
    told = [entry.as_data() for entry in left_out]
    return {"left_out": told} if told else {}
