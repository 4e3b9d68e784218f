"""What every test needs: the database it claims to run on, and settings that make tests quick."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import TransactionTestCase

import portal.urls  # noqa: F401 - loads the admin UI's pages, whose site tests ask for its lists
from identity.models import User
from identity.services import background, traces
from portal.project.shared_cache import cache as shared_cache
from tests import databases, reporting
from tests.dealing import LANES, dealt
from tests.factories import PASSWORD, make_user
from tests.identity.two_idps import Side, two_idps
from tests.kept import kept_for_the_module


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gatehouse")
    group.addoption("--most-skips", type=int, metavar="N", help="more skipped tests than these fail the run")
    group.addoption("--dealt", choices=LANES, help="leave some cases to the other lanes (tests/dealing.py)")
    group.addoption(
        "--idp-traffic",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="play the conversations of this folder as well (tests/scim/test_idp_traffic.py)",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    reporting.register(config)  # after pytest's own report is there
    background.submit = lambda task, arguments: task.enqueue(**arguments)  # in a thread, they would not see the test's
    traces.FLUSH_SECONDS = 0  # what is counted is written at once, in the test's own transaction


@pytest.hookimpl(tryfirst=True)  # before a random order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of what only PostgreSQL does are left out elsewhere: every run of the suite is on both."""
    others = [item for item in items if item.get_closest_marker("postgresql") and connection.vendor != "postgresql"]
    if lane := config.getoption("dealt"):
        others += dealt(items, lane)
    if others:
        config.hook.pytest_deselected(items=others)
        left_out = set(others)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """What is imported stays until the end: looking through it for garbage again and again is time lost."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Instead of pytest-django's, which migrates each time."""
    folder = tmp_path_factory.mktemp("database")
    with django_db_blocker.unblock(), databases.own_database(worker_id, folder), django_db_blocker.block():
        yield


@pytest.fixture(scope="session", autouse=True)
def _the_database_that_the_run_claims() -> None:
    """A silent fall-back to the other database would be a suite that never ran."""
    claimed = os.environ.get("EXPECT_DATABASE", connection.vendor)
    assert connection.vendor == claimed, f"this run claims {claimed} and has {connection.vendor}"


@pytest.fixture(scope="session", autouse=True)
def _what_commits_is_cleaned_up() -> Iterator[None]:
    """Django's own flush would write what migrations laid anew each time, and may not delete what is append-only."""

    def clean_up(case: TransactionTestCase) -> None:
        for name in case._databases_names(include_mirrors=False):
            databases.empty(connections[name])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", clean_up)
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()
    shared_cache.clear()


@pytest.fixture(scope="module")
def _sides(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Side, Side]]:
    """Two identity providers that are alike, made once for a module: each of its tests undoes what it did."""
    with kept_for_the_module(django_db_blocker):
        yield two_idps()


@pytest.fixture(params=[True, False], ids=["the first", "the second"])
def mine(request: pytest.FixtureRequest, _sides: tuple[Side, Side], db: None) -> Side:
    """The one of the two that acts: the other's rows are younger than its own, or older."""
    one, two = _sides
    return (one if request.param else two).copy()


@pytest.fixture
def mia(db: None) -> User:
    """A member with a password."""
    return make_user("mia", password=PASSWORD)


@pytest.fixture
def project() -> Path:
    """The root of the checkout."""
    return settings.BASE_DIR
