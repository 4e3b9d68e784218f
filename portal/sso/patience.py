"""How long a slow identity provider is waited for, by how many, and how soon it is asked again.

A provider that drips its answers, or that is away, must not take the portal's threads from everybody else: an
endpoint that did not answer rests for some seconds (all workers know), and of each worker only a few threads may
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
AT_ONCE = 4  # threads of a worker (it has 16) that talk with one provider
IN_LINE = 4  # those that wait for one of them to be done
ANY_PROVIDER = 12
LINE_SECONDS = 1.0


class NotNow(RequestException):
    """The provider was not asked at all."""


class Resting(NotNow):
    """It did not answer a moment ago."""


class Busy(NotNow):
    """As many threads as may wait for it do so already."""


class TooSlow(Timeout):
    """The answer did not come, or not wholly, within the time that there is."""


# When the visit's time is over, and whether the visitor may ask an endpoint that rests.
_visit_ends: ContextVar[float | None] = ContextVar("visit_ends", default=None)
_insists: ContextVar[Callable[[], bool]] = ContextVar("insists", default=lambda: False)

_changed = Condition()
_talking: Counter[str] = Counter()
_in_line: Counter[str] = Counter()


@contextmanager
def visit(*, insists: Callable[[], bool]) -> Iterator[None]:
    """All calls of one request of a browser share ten seconds; an administrator's test asks whoever rests."""
    ends, may = _visit_ends.set(time.monotonic() + VISIT_SECONDS), _insists.set(insists)
    try:
        yield
    finally:
        _visit_ends.reset(ends)
        _insists.reset(may)


def insists() -> bool:
    """Whether an administrator is trying things out: they want to know what the provider says now."""
    return _insists.get()()


def deadline() -> float:
    """When (monotonic) a call that begins now has to be over: resolving, connecting, headers and body together."""
    ends, own = _visit_ends.get(), time.monotonic() + REQUEST_SECONDS
    return own if ends is None else min(own, ends)


@contextmanager
def turn(url: str) -> Iterator[None]:
    """A call of this address. Raises Resting and Busy instead of waiting; what fails inside makes it rest."""
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
    """An endpoint rests by itself: userinfo may be away while tokens are given."""
    return f"sso-rests:{hashlib.sha256(url.partition('?')[0].encode()).hexdigest()}"
