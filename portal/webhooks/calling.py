"""One call of a receiver (SR-43): https, public addresses, no redirects, 15 seconds; its answer's text is not kept."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from requests import Response
from requests.exceptions import InvalidSchema, InvalidURL, RequestException, SSLError, Timeout

from identity.models import WebhookDelivery
from portal.sso.outgoing import BoundedAdapter, GuardedSession, PublicAdapter

SECONDS = 15.0  # Standard Webhooks: 15 to 30
READ_AT_MOST = 1024

Problem = WebhookDelivery.Problem


class ReceiverAdapter(BoundedAdapter):
    """Receivers have no turns: each webhook is sent by one thread. Their answers are read a little and dropped."""

    def turn(self, url: str) -> AbstractContextManager[None]:
        return nullcontext()

    def deadline(self) -> float:
        return time.monotonic() + SECONDS

    def body(self, raw: Any) -> bytes:
        raw.read1(READ_AT_MOST)
        return b""


class PublicReceiverAdapter(ReceiverAdapter):
    """Public addresses only."""

    pools: ClassVar = PublicAdapter.pools


class ReceiverSession(GuardedSession):
    """The session of all webhooks."""

    to_public = PublicReceiverAdapter
    to_internal = ReceiverAdapter

    def internal_origins(self) -> list[str]:
        return list(settings.WEBHOOK_INTERNAL_ORIGINS)


@dataclass(frozen=True, slots=True)
class ReceiverAnswer:
    """`status` is None without one; `problem` is empty for a delivery."""

    status: int | None
    problem: str
    duration_ms: int
    retry_after: int = 0


def call(session: GuardedSession, url: str, body: bytes, headers: dict[str, str]) -> ReceiverAnswer:
    """POST it once; whatever goes wrong is an answer, too."""
    began = time.monotonic()
    status, problem, retry_after = None, "", 0
    try:
        response = session.post(url, data=body, headers={"Content-Type": "application/json", **headers})
    except (InvalidURL, InvalidSchema):
        problem = Problem.NOT_PUBLIC
    except Timeout:
        problem = Problem.TIMEOUT
    except SSLError:
        problem = Problem.TLS
    except RequestException:
        problem = Problem.UNREACHABLE
    else:
        status, retry_after = response.status_code, _retry_after(response)
        problem = "" if 200 <= status < 300 else Problem.STATUS
    return ReceiverAnswer(status, problem, round((time.monotonic() - began) * 1000), retry_after)


def _retry_after(response: Response) -> int:
    """In seconds; a date counts as none."""
    said = response.headers.get("Retry-After", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
