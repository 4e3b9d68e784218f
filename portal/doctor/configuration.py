"""The configuration: Django's and the portal's own deployment checks, and who sends the mails."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from portal.doctor.findings import Finding


def examine() -> Iterator[Finding]:
    messages = checks.run_checks(include_deployment_checks=True)
    found = [finding_of(message) for message in messages if not message.is_silenced()]
    yield from found or [Finding("configuration", "The configuration passes all checks.")]
    if settings.DEBUG:
        yield Finding("debug", "DEBUG is on: error pages show internals.", "Start the portal with `make serve`.")


def finding_of(message: checks.CheckMessage) -> Finding:
    return Finding(
        f"configuration.{message.id}",
        str(message.msg),
        str(message.hint or "See `manage.py check --deploy`."),
    )
