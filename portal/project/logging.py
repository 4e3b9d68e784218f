"""Logs: one line per event, without secrets (SR-15, SR-28)."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

# A SCIM token (identity.services.scim_tokens), a personal API token and anything after "Authorization:" or
# "Bearer".
_SECRETS = (
    (re.compile(r"\bgh(scim|api)_[0-9A-Za-z]+"), r"gh\1_***"),
    (
        re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:bearer|basic|token)\s+)?[^\s'\",}]+"),
        r"\1***",
    ),
    # Invitation and password reset links, in URLs that a server logs.
    (re.compile(r"(/invitations/|/password/reset/[^/\s]+/)(?!set-password)[^/\s\"']+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[0-9A-Za-z._~+/=-]{8,}"), r"\1 ***"),
)


def redact(text: str) -> str:
    """`text` with every token and Authorization header redacted."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactSecrets(logging.Filter):
    """Redacts secrets in the message, its arguments and the traceback before any formatter sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object per line: control characters in a value can't forge a second line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def audit_event_handler(where: str) -> dict[str, Any]:
    """The handler for `AUDIT_EVENTS`: none, "stdout", or the path of a file that may be rotated.

    A command's standard output is its result, so its events go to standard error instead.
    """
    match where:
        case "":
            return {"class": "logging.NullHandler"}
        case "stdout":
            is_command = sys.argv[0].endswith("manage.py")
            return {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr" if is_command else "ext://sys.stdout",
                "formatter": "audit_event",
            }
    file = {"class": "logging.handlers.WatchedFileHandler", "filename": where, "encoding": "utf-8"}
    return file | {"formatter": "audit_event"}
