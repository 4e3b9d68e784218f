"""What waits for an administrator, counted in one statement.

What could be a long way to count is counted up to a limit, so that the cost hardly grows with the portal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from identity.core.decisions import Mode
from identity.db.counting import count_up_to
from identity.models import (
    AccessSettings,
    Asset,
    AssetOwner,
    Conflict,
    ProvisioningLog,
    Role,
    SSOGroup,
    Status,
    User,
)

COUNTED_TO = 1_000
REFUSALS_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of everything that may wait, and the mode, which the same statement reads."""

    mode: Mode
    break_glass: int
    conflicts: int
    refusals: int
    unmapped: int
    ownerless: int
    newcomers: int


def count_everything() -> Counts:
    """One statement: a scalar for each count, on the one row of the access settings."""
    counted = {name: count_up_to(COUNTED_TO, rows) for name, rows in _what_waits().items()}
    row: dict[str, Any] = AccessSettings.objects.annotate(**counted).values().get()  # type: ignore[assignment]
    return Counts(Mode(row["scim_enabled"], row["sso_enforced"]), **{name: row[name] for name in counted})


def _what_waits() -> dict[str, QuerySet[Any]]:
    privileged = User.objects.exclude(role=Role.MEMBER)  # has an index of its own, which the rest then needs not
    owned = AssetOwner.objects.filter(asset=OuterRef("pk"), user__status=Status.ENABLED)
    return {
        "break_glass": privileged.enabled_owners().break_glass(),
        "conflicts": Conflict.objects.open(),
        "refusals": _refused_lately(),
        "unmapped": SSOGroup.objects.unmapped(),
        "ownerless": Asset.objects.filter(~Exists(owned)),
        "newcomers": User.objects.with_status(Status.ENABLED).filter(last_active=None),
    }


def _refused_lately() -> QuerySet[ProvisioningLog]:
    """Among the latest refusals: the log has an index by outcome, none by time."""
    refused = ProvisioningLog.objects.filter(outcome=ProvisioningLog.Outcome.REFUSED).order_by("-pk")
    latest = refused.values("pk")[: COUNTED_TO + 1]
    rows: QuerySet[ProvisioningLog] = ProvisioningLog.objects.filter(
        pk__in=latest, at__gte=timezone.now() - REFUSALS_SINCE
    )
    return rows
