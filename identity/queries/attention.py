"""Everything that needs an administrator's attention, in sentences, most urgent first.

Counted in one statement, with a limit on whatever could take long, so that the cost hardly grows with
the portal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.text import capfirst

from identity.core.decisions import Mode
from identity.db.counting import count_up_to, up_to
from identity.models import (
    AccessSettings,
    Asset,
    AssetOwner,
    Brake,
    Conflict,
    IdentityProvider,
    ProvisioningLog,
    Role,
    ScheduledJob,
    SCIMToken,
    SSOConnection,
    SSOGroup,
    Status,
    TurnedAway,
    User,
)
from identity.queries.certificates import ending_certificates
from identity.queries.rhythm import Activity, activities, pause_in_words

COUNTED_TO = 1_000
REFUSALS_SINCE = timedelta(days=1)
HEARD_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of everything that may need attention, and the mode, read by the same statement."""

    mode: Mode
    break_glass: int
    conflicts: int
    braked: int
    turned_away: int
    unheard: int
    paused: int
    refusals: int
    unmapped: int
    ownerless: int
    newcomers: int
    failed_jobs: int
    overdue_jobs: int


def count_everything() -> Counts:
    """One statement: a scalar for each count, on the one row of the access settings."""
    counted = {name: count_up_to(COUNTED_TO, rows) for name, rows in _counted().items()}
    row: dict[str, Any] = AccessSettings.objects.annotate(**counted).values().get()  # type: ignore[assignment]
    return Counts(Mode(row["scim_enabled"], row["sso_enforced"]), **{name: row[name] for name in counted})


def _counted() -> dict[str, QuerySet[Any]]:
    privileged = User.objects.exclude(role=Role.MEMBER)  # has its own index, which then makes the rest unnecessary
    owned = AssetOwner.objects.filter(asset=OuterRef("pk"), user__status=Status.ENABLED)
    return {
        "break_glass": privileged.enabled_owners().break_glass(),
        "conflicts": Conflict.objects.open(),
        "braked": Brake.objects.exclude(braked_at=None),
        "turned_away": TurnedAway.objects.open(),
        "unheard": TurnedAway.objects.filter(
            state=TurnedAway.State.AWAITED, decided_at__lte=timezone.now() - HEARD_WITHIN
        ),
        "paused": IdentityProvider.objects.exclude(paused_at=None),
        "refusals": _refused_lately(),
        "unmapped": SSOGroup.objects.unmapped(),
        "ownerless": Asset.objects.filter(~Exists(owned)),
        "failed_jobs": ScheduledJob.objects.failing(),
        "overdue_jobs": ScheduledJob.objects.overdue(),
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


# --- in sentences ---


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs attention: how much of it, and what it means. `code` is stable; `about`: one of many."""

    code: str
    number: int
    one: str
    many: str
    meaning: str
    urgent: bool = False
    about: IdentityProvider | SSOConnection | None = None

    @property
    def provider(self) -> IdentityProvider | None:
        """The identity provider it concerns, if any."""
        return self.about.identity_provider if isinstance(self.about, SSOConnection) else self.about

    @property
    def sentence(self) -> str:
        return self.one if self.number == 1 else capfirst(f"{up_to(COUNTED_TO, self.number)} {self.many}")


def what_waits() -> list[Matter]:
    """Everything that currently needs attention, read from the database."""
    counts, tokens = count_everything(), SCIMToken.objects.made().only("last_used_at", "expires_at")
    heard = activities(IdentityProvider.objects.order_by("name_key"), scim_enabled=counts.mode.scim_enabled)
    return list(matters(counts, heard, list(tokens)))


def matters(counts: Counts, heard: Iterable[Activity], tokens: list[SCIMToken]) -> Iterator[Matter]:
    """Most urgent first; empty counts are left out."""
    unused = sum(token.last_used_at is None for token in tokens)
    by_row = (*_certificates(), *_silence(heard))
    first = (_no_break_glass(counts), *_not_let_in(counts), _conflicts(counts))
    urgent = (*first, *by_row, _expiring(tokens), *_schedule(counts))
    return (matter for matter in (*urgent, *_the_rest(counts, unused)) if matter.number)


def _no_break_glass(counts: Counts) -> Matter:
    return Matter(
        "no_break_glass",
        int(not counts.break_glass),
        "No break-glass account",
        "",
        "If single sign-on fails, the portal can't be reached. Make a local owner a break-glass account.",
        urgent=True,
    )


def _not_let_in(counts: Counts) -> Iterator[Matter]:
    yield Matter(
        "braked",
        counts.braked,
        "1 identity provider is braked",
        "identity providers are braked",
        "It would have taken access from many people at once. An owner decides whether that may be.",
        urgent=True,
    )
    yield Matter(
        "turned_away",
        counts.turned_away,
        "1 person or group whose change was turned away",
        "people and groups whose changes were turned away",
        "What an identity provider wanted while it was not let in. An owner decides what becomes of it.",
        urgent=True,
    )
    yield Matter(
        "unheard",
        counts.unheard,
        "1 change that was to be sent again has not come",
        "changes that were to be sent again have not come",
        "For more than a week. Send them again at the identity provider, or apply or forget them here.",
        urgent=True,
    )
    yield Matter(
        "paused",
        counts.paused,
        "1 identity provider is paused",
        "identity providers are paused",
        "Leavers stay enabled and newcomers do not arrive until it is resumed.",
        urgent=True,
    )


def _conflicts(counts: Counts) -> Matter:
    return Matter(
        "conflicts",
        counts.conflicts,
        "1 open conflict",
        "open conflicts",
        "People sent by an identity provider who collide with an existing account. They are refused until you decide.",
        urgent=True,
    )


def _certificates() -> Iterator[Matter]:
    """Certificates of sign-in connections that expire soon."""
    for connection, certificate in ending_certificates():
        is_over, day = certificate.is_over, f"{certificate.until:%-d %B %Y}"
        yield Matter(
            "certificate",
            1,
            f"The SAML certificate of {connection.identity_provider} {'has ended' if is_over else 'ends soon'}",
            "",
            f"Sign-in through it {'has failed since' if is_over else 'fails after'} {day}. Add the next certificate.",
            urgent=True,
            about=connection,
        )


def _silence(heard: Iterable[Activity]) -> Iterator[Matter]:
    """Providers that stopped calling, each measured by its own rhythm."""
    for activity in heard:
        if activity.is_silent:
            yield Matter(
                "silence",
                1,
                f"{activity.provider} is silent",
                "",
                f"Its last request came {activity.heard}. {pause_in_words(activity.rhythm)} Check that it still runs.",
                urgent=True,
                about=activity.provider,
            )


def _expiring(tokens: list[SCIMToken]) -> Matter:
    return Matter(
        "expiring_tokens",
        sum(token.expires_soon for token in tokens),
        "1 SCIM token expires within two weeks, or has",
        "SCIM tokens expire within two weeks, or have",
        "What an identity provider sends with an expired one is refused. Create a new one and enter it there.",
        urgent=True,
    )


def _schedule(counts: Counts) -> Iterator[Matter]:
    yield Matter(
        "failed_jobs",
        counts.failed_jobs,
        "1 scheduled job has failed",
        "scheduled jobs have failed",
        "Work that the portal does by itself. It is tried again; the job's page says what went wrong.",
        urgent=True,
    )
    yield Matter(
        "overdue_jobs",
        counts.overdue_jobs,
        "1 scheduled job is overdue",
        "scheduled jobs are overdue",
        "It is due, and no process does it: is a worker running?",
        urgent=True,
    )


def _the_rest(counts: Counts, unused_tokens: int) -> Iterator[Matter]:
    yield Matter(
        "refusals",
        counts.refusals,
        "1 request refused in the last day",
        "requests refused in the last day",
        "What an identity provider sent and did not get, with the reason.",
    )
    yield Matter(
        "unmapped",
        counts.unmapped,
        "1 unmapped SSO group",
        "unmapped SSO groups",
        "Pushed or declared, and feeding no portal group yet.",
    )
    yield Matter(
        "ownerless",
        counts.ownerless,
        "1 asset without an enabled owner",
        "assets without an enabled owner",
        "No active owner.",
    )
    yield Matter(
        "unused_tokens",
        unused_tokens,
        "1 SCIM token never used",
        "SCIM tokens never used",
        "Either the set-up is not finished, or the token can be revoked.",
    )
    yield Matter(
        "newcomers",
        counts.newcomers,
        "1 person never logged in",
        "people never logged in",
        "Enabled, and not seen here yet.",
    )
