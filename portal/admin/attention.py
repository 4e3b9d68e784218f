"""What waits for an administrator, the most pressing first, counted in one statement.

What could be a long way to count is counted up to a limit, so that the cost hardly grows with the portal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from identity.models import (
    AccessSettings,
    Asset,
    AssetOwner,
    Conflict,
    Mode,
    ProvisioningLog,
    Role,
    SCIMToken,
    SSOGroup,
    Status,
    User,
)
from portal.counting import count_up_to, up_to

COUNTED_TO = 1_000
REFUSALS_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for somebody: how much of it, what it means, and where to look."""

    number: int
    one: str
    many: str
    meaning: str
    url: str
    icon: str
    urgent: bool = False

    @property
    def sentence(self) -> str:
        return self.one if self.number == 1 else capfirst(f"{up_to(COUNTED_TO, self.number)} {self.many}")


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


def matters(counts: Counts, providers: list[Matter], tokens: list[SCIMToken]) -> Iterator[Matter]:
    """What waits, the most pressing first; what there is nothing of is left out."""
    unused = sum(token.last_used_at is None for token in tokens)
    found = (_no_break_glass(counts), _conflicts(counts), *providers, _expiring(tokens), *_the_rest(counts, unused))
    return (matter for matter in found if matter.number)


def _no_break_glass(counts: Counts) -> Matter:
    return Matter(
        int(not counts.break_glass),
        "No break-glass account",
        "",
        "If single sign-on fails, nobody can open the portal. Make one of the local owners a break-glass account.",
        f"{reverse('admin:identity_user_changelist')}?role=owner",
        "emergency",
        urgent=True,
    )


def _conflicts(counts: Counts) -> Matter:
    return Matter(
        counts.conflicts,
        "1 open conflict",
        "open conflicts",
        "People whom an identity provider sends and who collide with an account here. They are refused until decided.",
        f"{reverse('admin:identity_conflict_changelist')}?state__exact={Conflict.State.OPEN}",
        "merge_type",
        urgent=True,
    )


def _expiring(tokens: list[SCIMToken]) -> Matter:
    return Matter(
        sum(token.expires_soon for token in tokens),
        "1 SCIM token expires within two weeks, or has",
        "SCIM tokens expire within two weeks, or have",
        "What an identity provider sends with an expired one is refused. Create a new one and enter it there.",
        reverse("admin:identity_scimtoken_changelist"),
        "key_off",
        urgent=True,
    )


def _the_rest(counts: Counts, unused_tokens: int) -> Iterator[Matter]:
    yield Matter(
        counts.refusals,
        "1 request refused in the last day",
        "requests refused in the last day",
        "What an identity provider sent and did not get, with the reason.",
        f"{reverse('admin:identity_provisioninglog_changelist')}?outcome__exact=refused&since=day",
        "sync_problem",
    )
    yield Matter(
        counts.unmapped,
        "1 unmapped SSO group",
        "unmapped SSO groups",
        "Pushed or declared, and feeding no portal group yet.",
        f"{reverse('admin:identity_ssogroup_changelist')}?state=unmapped",
        "conversion_path_off",
    )
    yield Matter(
        counts.ownerless,
        "1 asset without an enabled owner",
        "assets without an enabled owner",
        "Nobody who can sign in looks after them.",
        f"{reverse('admin:identity_asset_changelist')}?owners=none",
        "inventory_2",
    )
    yield Matter(
        unused_tokens,
        "1 SCIM token never used",
        "SCIM tokens never used",
        "Either the set-up is not finished, or the token can be revoked.",
        reverse("admin:identity_scimtoken_changelist"),
        "key_off",
    )
    yield Matter(
        counts.newcomers,
        "1 person never logged in",
        "people never logged in",
        "Enabled, and not seen here yet.",
        f"{reverse('admin:identity_user_changelist')}?status=enabled&active=never",
        "person_off",
    )
