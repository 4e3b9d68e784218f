"""Logs: one line per event, without secrets (SR-15, SR-28)."""

import json
import logging
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from identity.core import serving

MINUTE = 60.0  # seconds

# A SCIM token (identity.services.scim_tokens), an access token, a personal API token, a signed JSON Web Token, and
# anything after "Authorization:" or "Bearer".
_SECRETS = (
    (re.compile(r"\bgh(scim|sat|api)_[0-9A-Za-z]+"), r"gh\1_***"),
    (
        re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:bearer|basic|token)\s+)?[^\s'\",}]+"),
        r"\1***",
    ),
    (re.compile(r"\beyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*"), "eyJ***"),
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


class TracebacksSeldom(logging.Filter):
    """An error with a traceback is written once a minute for each kind, which is its class and the line it came from.

    A full disk makes thousands of them, and writes them where there is no room. The others are counted, and the counts
    stand in the first line after the minute (`left_out`).
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._told_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        with self._lock:
            if (kind := _kind(record)) and now - self._told_at.get(kind, float("-inf")) < MINUTE:
                self._left_out[kind] += 1
                return False
            over = [one for one, at in self._told_at.items() if now - at >= MINUTE]
            if left_out := {one: self._left_out.pop(one) for one in over if one in self._left_out}:
                record.left_out = left_out
            for one in over:
                del self._told_at[one]
            if kind:
                self._told_at[kind] = now
        return True


def _kind(record: logging.LogRecord) -> str:
    """Empty for what has no traceback."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    last = record.exc_info[2]
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last is not None else record.name
    return f"{record.exc_info[0].__name__} at {where}"


class JSONFormatter(logging.Formatter):
    """One JSON object per line: control characters in a value can't forge a second line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if served := serving.current():
            entry["request"] = served.request_id
        if left_out := getattr(record, "left_out", None):
            entry["left_out"] = left_out
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
