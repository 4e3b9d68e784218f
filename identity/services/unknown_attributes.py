"""What identity providers send and the portal doesn't know: counted by name, so that it is not lost without a trace."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from identity.models import UnknownAttribute

MOST_NAMED = 100
"""Of one IdP; what is beyond is counted under an empty name."""

FORGOTTEN_AFTER = timedelta(days=90)

Name = tuple[str, str]

_COUNT = """
    INSERT INTO identity_unknownattribute AS counted
           (identity_provider_id, resource_type, name, times, first_at, last_at) VALUES {rows}
    ON CONFLICT (identity_provider_id, resource_type, name)
    DO UPDATE SET times = counted.times + excluded.times, last_at = excluded.last_at
"""


def note(provider_id: int, names: set[Name]) -> None:
    """Count one request with these: each a resource type and a name. Two statements, however many there are."""
    counted = _within_bounds(provider_id, names)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [value for name in sorted(counted) for value in (provider_id, *name, counted[name], now, now)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(rows=", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(counted))), values)


def _within_bounds(provider_id: int, names: set[Name]) -> Counter[Name]:
    rows = UnknownAttribute.objects.filter(identity_provider=provider_id).order_by()
    known = set(rows.values_list("resource_type", "name"))
    named = sorted(names & known)
    named += sorted(names - known)[: max(MOST_NAMED - len(known - {("", "")}), 0)]
    counted = Counter(named)
    if beyond := len(names) - len(named):
        counted["", ""] = beyond
    return counted


def forget_old() -> int:
    """Delete names that were not sent for long; how many."""
    deleted, _ = UnknownAttribute.objects.filter(last_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()
    return deleted


def forget_naming(keys: set[str]) -> None:
    """Delete names in which one of these is: of a person who is deleted permanently (R10)."""
    named = UnknownAttribute.objects.exclude(name="").order_by("pk").values_list("pk", "name")
    found = [pk for pk, name in named if any(key in name.lower() for key in keys)]
    UnknownAttribute.objects.filter(pk__in=found).delete()
