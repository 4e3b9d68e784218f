"""How long the portal waits for a slow identity provider, with how many threads, and when it retries.

A provider that is slow or unreachable must not tie up the portal's threads: an endpoint that did not
answer is not called for some seconds (all workers know), and in each worker only a few threads may
wait for one provider, or for all of them together.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Condition
from urllib.parse import urlsplit

from requests.exceptions import ConnectionError, RequestException, Timeout

from portal.project.shared_cache import cache

REQUEST_SECONDS = 5.0
VISIT_SECONDS = 10.0
REST_SECONDS = 15
AT_ONCE = 4  # threads of a worker (it has 16) calling one provider
IN_LINE = 4  # threads waiting for one of them
ANY_PROVIDER = 12
LINE_SECONDS = 1.0


class NotNow(RequestException):
    """The provider was not called at all."""


class Resting(NotNow):
    """It failed to answer a moment ago."""


class Busy(NotNow):
    """The maximum number of threads is already waiting for it."""


class TooSlow(Timeout):
    """The answer, or part of it, did not arrive in time."""


# The deadline of the browser's request, and whether it may call a resting endpoint.
_visit_ends: ContextVar[float | None] = ContextVar("visit_ends", default=None)
_insists: ContextVar[Callable[[], bool]] = ContextVar("insists", default=lambda: False)

_changed = Condition()
_talking: Counter[str] = Counter()
_in_line: Counter[str] = Counter()


@contextmanager
def visit(*, insists: Callable[[], bool]) -> Iterator[None]:
    """All calls within one browser request share ten seconds; an administrator's test calls even resting endpoints."""
    ends, may = _visit_ends.set(time.monotonic() + VISIT_SECONDS), _insists.set(insists)
    try:
        yield
    finally:
        _visit_ends.reset(ends)
        _insists.reset(may)


def insists() -> bool:
    """Whether an administrator is testing: they want to know what the provider says now."""
    return _insists.get()()


def deadline() -> float:
    """The deadline (monotonic) of a call that begins now: resolving, connecting, headers and body together."""
    ends, own = _visit_ends.get(), time.monotonic() + REQUEST_SECONDS
    return own if ends is None else min(own, ends)


@contextmanager
def turn(url: str) -> Iterator[None]:
    """A call of this URL. Raises Resting and Busy instead of waiting; a failure inside makes it rest."""
    key = _key(url)
    if cache.get(key) and not insists():
        raise Resting("It did not answer a moment ago.")
    with _place(_origin(url)):
        try:
            yield
        except (ConnectionError, Timeout):
            cache.set(key, 1, REST_SECONDS)
            raise


@contextmanager
def _place(origin: str) -> Iterator[None]:
    _take_place(origin)
    try:
        yield
    finally:
        with _changed:
            _one_less(_talking, origin)
            _changed.notify_all()


def _take_place(origin: str) -> None:
    with _changed:
        if _in_line[origin] >= IN_LINE or _talking.total() + _in_line.total() >= ANY_PROVIDER:
            raise Busy("Others wait for it already.")
        _in_line[origin] += 1
        try:
            if not _changed.wait_for(lambda: _talking[origin] < AT_ONCE, LINE_SECONDS):
                raise Busy("Others wait for it already.")
            _talking[origin] += 1
        finally:
            _one_less(_in_line, origin)


def _one_less(counter: Counter[str], origin: str) -> None:
    counter[origin] -= 1
    if not counter[origin]:
        del counter[origin]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _key(url: str) -> str:
    """Endpoints rest separately: userinfo may be down while tokens are issued."""
    return f"sso-rests:{hashlib.sha256(url.partition('?')[0].encode()).hexdigest()}"
