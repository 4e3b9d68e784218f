"""When identity providers called and, while an administrator watches, what they requested."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.db import connection, models
from django.db.models.functions import Now
from django.utils import timezone

from identity.core.asked import LONGEST_NAME

HOUR = timedelta(hours=1)
REMEMBERED = timedelta(weeks=8)
LEARNING = timedelta(weeks=1)


def hour_of(moment: datetime) -> int:
    """The hours since 1970 (UTC), a number that databases can subtract."""
    return int(moment.timestamp()) // 3600


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How an IdP usually calls: its longest pause in the last eight weeks.

    `is_learnt` is False during the first week, when a pause of a week still counts as usual.
    """

    last: datetime | None = None
    longest_pause: timedelta = LEARNING
    is_learnt: bool = False

    def heard(self, last: datetime | None) -> Rhythm:
        """The same with the exact time of the last contact, which is known even when it is long ago."""
        return replace(self, last=last)

    @property
    def silent_after(self) -> timedelta:
        """Half as long again as the longest pause, plus an hour, since contacts are recorded by the hour."""
        return self.longest_pause * 3 / 2 + HOUR

    @property
    def is_silent(self) -> bool:
        """Whether an IdP that used to call has stopped."""
        return self.last is not None and timezone.now() - self.last > self.silent_after


_PAUSES = """
    SELECT identity_provider_id, max(hour), max(hour) - min(hour), max(pause) FROM (
        SELECT identity_provider_id, hour,
               hour - lag(hour) OVER (PARTITION BY identity_provider_id ORDER BY hour) AS pause
          FROM identity_providercontact WHERE hour >= %s
    ) AS contacts GROUP BY identity_provider_id
"""


WATCH = timedelta(minutes=30)  # how long an administrator looks on, once asked


class ProviderContactManager(models.Manager["ProviderContact"]):
    def rhythms(self) -> dict[int, Rhythm]:
        """The rhythm of each IdP by its id, in one statement; IdPs silent for eight weeks are left out."""
        with connection.cursor() as cursor:
            cursor.execute(_PAUSES, [hour_of(timezone.now() - REMEMBERED)])
            return {row[0]: _rhythm(*row[1:]) for row in cursor.fetchall()}


def _rhythm(last: int, span: int, pause: int | None) -> Rhythm:
    heard = datetime.fromtimestamp(last * 3600, UTC)
    if span * HOUR < LEARNING or pause is None:
        return Rhythm(heard)
    return Rhythm(heard, pause * HOUR, is_learnt=True)


class ProviderContact(models.Model):
    """An hour in which an IdP called at least once."""

    identity_provider = models.ForeignKey("identity.IdentityProvider", on_delete=models.CASCADE, related_name="+")
    hour = models.PositiveIntegerField(help_text="Hours since 1970, UTC.")

    objects = ProviderContactManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "hour"], name="provider_contact_unique")
        ]

    def __str__(self) -> str:
        return f"{self.identity_provider_id} in hour {self.hour}"


class ProviderSilence(models.Model):
    """An IdP that has fallen silent, as recorded in the audit log; deleted when it calls again."""

    identity_provider = models.OneToOneField(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="silence"
    )

    def __str__(self) -> str:
        return f"Silence of {self.identity_provider_id}"


class ReceivedRequest(models.Model):
    """A SCIM request as received: kept only while an administrator watches, and only the newest few.

    `identity_provider` is empty for an unknown token. `path` starts after the SCIM base URL.
    """

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", null=True, on_delete=models.CASCADE, related_name="received_requests"
    )
    at = models.DateTimeField(default=timezone.now, db_default=Now())
    request_id = models.CharField(max_length=32, blank=True, default="", db_default="")
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField()
    token_label = models.CharField(max_length=150, blank=True, default="", db_default="")
    address = models.CharField(max_length=64, blank=True, default="", db_default="")
    duration_ms = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class UnknownAttribute(models.Model):
    """An attribute or extension that an IdP sends and the portal doesn't know, and how often.

    An empty `name` counts those beyond the most that are named.
    """

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="unknown_attributes"
    )
    resource_type = models.CharField(max_length=20, blank=True, default="", db_default="")
    name = models.CharField(max_length=LONGEST_NAME, blank=True, default="", db_default="")
    times = models.PositiveBigIntegerField(default=1, db_default=1)
    first_at = models.DateTimeField(default=timezone.now, db_default=Now())
    last_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("-last_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["identity_provider", "resource_type", "name"], name="unknown_attribute_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name
