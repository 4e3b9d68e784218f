"""One company for all the tests of a run, in the order in which they stand: from the last release to a fail-over."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.cluster.company import Company, company


@pytest.fixture(scope="module")
def whole() -> Iterator[Company]:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with company() as found:
        yield found
