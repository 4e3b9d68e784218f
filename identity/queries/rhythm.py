"""The behaviour of identity providers: last contact, silence, and error rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.timesince import timesince

from identity.core.actors import SignIn
from identity.db.counting import CountOf
from identity.models import IdentityProvider, ProviderContact, ProvisioningLog, Rhythm, SCIMToken

JUDGED = 200  # an identity provider's latest changes, from which its error rate is computed


@dataclass(frozen=True, slots=True)
class Activity:
    """An identity provider, as `with_refusals` reads it, and how it usually calls."""

    provider: Any
    rhythm: Rhythm
    is_silent: bool

    @classmethod
    def of(cls, provider: Any, rhythms: dict[int, Rhythm], *, scim_enabled: bool) -> Self:
        """No provider is silent while SCIM is off: its calls are rejected before they are recorded."""
        rhythm = rhythm_of(provider, rhythms)
        return cls(provider, rhythm, scim_enabled and rhythm.is_silent)

    @property
    def last_heard(self) -> datetime | None:
        return self.provider.last_request_at  # type: ignore[no-any-return]

    @property
    def heard(self) -> str:
        """The time of its last request, in words."""
        return ago(self.last_heard) if self.last_heard else "Never"

    @property
    def silent_after(self) -> int:
        """The number of seconds without a request after which it is silent."""
        return int(self.rhythm.silent_after.total_seconds())

    @property
    def usual_pause(self) -> str:
        return pause_in_words(self.rhythm)

    @property
    def error_rate(self) -> str:
        """The share of its latest changes that was refused, "" without any."""
        judged, refused = self.provider.judged, self.provider.refused
        return f"{100 * refused / judged:.0f} %" if judged else ""

    @property
    def of_how_many(self) -> str:
        """The number of changes behind the rate."""
        return f"{self.provider.refused} of {self.provider.judged}"


def activities(providers: QuerySet[IdentityProvider], *, scim_enabled: bool) -> list[Activity]:
    """The behaviour of each of these, in two statements."""
    rhythms = ProviderContact.objects.rhythms()
    found = with_refusals(with_last_request(providers))
    return [Activity.of(provider, rhythms, scim_enabled=scim_enabled) for provider in found]


def ago(at: datetime) -> str:
    """How long ago, in the largest unit."""
    since = timesince(at, depth=1)
    return "just now" if since.startswith("0") else f"{since} ago"


def rhythm_of(provider: Any, rhythms: dict[int, Rhythm]) -> Rhythm:
    """The provider's own rhythm, with the exact time of its last request; a week's pause when none is known."""
    return rhythms.get(provider.pk, Rhythm()).heard(provider.last_request_at)


def silent_among(used: Iterable[tuple[int, datetime | None]], rhythms: dict[int, Rhythm]) -> list[int]:
    """Providers that have fallen silent; `used`: each token's provider and last use."""
    last = dict[int, datetime]()
    for provider_id, at in used:
        if at:
            last[provider_id] = max(at, last.get(provider_id, at))
    return [pk for pk, at in last.items() if rhythms.get(pk, Rhythm()).heard(at).is_silent]


def pause_in_words(rhythm: Rhythm) -> str:
    """What is usual for this provider, as a sentence."""
    if not rhythm.is_learnt:
        return "It is too new to have a rhythm; a pause of a week is taken for usual."
    usual = timesince(timezone.now() - rhythm.longest_pause, depth=1)
    return f"Its longest pause in the last eight weeks was {usual}."


def with_last_request(rows: QuerySet[IdentityProvider]) -> QuerySet[IdentityProvider]:
    """Identity providers with their tokens' last use."""
    used = SCIMToken.objects.filter(identity_provider=OuterRef("pk"), last_used_at__isnull=False)
    return rows.annotate(last_request_at=Subquery(used.order_by("-last_used_at").values("last_used_at")[:1]))


def with_refusals(rows: QuerySet[IdentityProvider]) -> QuerySet[IdentityProvider]:
    """Identity providers with how many of their latest changes were counted and refused: by index, never by time."""
    # The keys of refused rows first, else PostgreSQL reads the whole log for a provider that is not in it.
    latest = _latest_of(OuterRef(OuterRef("pk")))
    refused = ProvisioningLog.objects.filter(pk__in=latest, outcome=ProvisioningLog.Outcome.REFUSED).order_by()
    return rows.annotate(judged=CountOf(_latest_of(OuterRef("pk"))), refused=CountOf(refused.values("pk")))


def _latest_of(provider: OuterRef) -> QuerySet[Any, Any]:
    """Sign-ins are not changes, and anyone can send invalid ones."""
    changes = ProvisioningLog.objects.filter(identity_provider=provider).exclude(method=SignIn.method)
    return changes.order_by("-pk").values("pk")[:JUDGED]
