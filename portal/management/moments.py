"""Points in time as people type them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment(text: str) -> datetime:
    """`2026-11-25`, `2026-11-25T08:00`, or how long ago: `90m`, `2h`, `7d`. UTC unless it says otherwise."""
    try:
        if text[:-1].isdigit() and text[-1] in UNITS:
            return timezone.now() - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
        at = parse_datetime(text) or datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text} is neither a moment such as 2026-11-25T08:00 nor a span as 7d") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
