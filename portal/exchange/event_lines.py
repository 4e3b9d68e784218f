"""Audit events as lines of JSON in a log (AUDIT_EVENTS)."""

from __future__ import annotations

import json
import logging

from portal.project.logging import redact


class AuditEventFormatter(logging.Formatter):
    """An audit event as one line of JSON (portal.exchange.ocsf)."""

    def format(self, record: logging.LogRecord) -> str:
        from portal.exchange.ocsf import as_ocsf  # noqa: PLC0415 - logging is set up before there are models

        return redact(json.dumps(as_ocsf(vars(record)["event"]), ensure_ascii=False))
