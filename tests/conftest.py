"""What every test needs: the database it claims to run on, and settings that make tests quick."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

from identity.database import install_triggers, remove_triggers
from identity.models import AccessSettings
from identity.services import background, traces
from portal.shared_cache import cache as shared_cache
from tests import reporting
from tests.template import own_database


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gatehouse")
    group.addoption("--most-skips", type=int, metavar="N", help="more skipped tests than these fail the run")
    group.addoption(
        "--idp-traffic",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="play the conversations of this folder as well (tests/scim/test_idp_traffic.py)",
    )


def pytest_configure(config: pytest.Config) -> None:
    reporting.register(config)
    background.submit = lambda task, arguments: task.enqueue(**arguments)  # in a thread, they would not see the test's
    traces.FLUSH_SECONDS = 0  # what is counted is written at once, in the test's own transaction


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of what only PostgreSQL does are left out elsewhere: every run of the suite is on both."""
    others = [item for item in items if item.get_closest_marker("postgresql") and connection.vendor != "postgresql"]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Instead of pytest-django's, which migrates each time."""
    folder = tmp_path_factory.mktemp("database")
    with django_db_blocker.unblock(), own_database(worker_id, folder), django_db_blocker.block():
        yield


@pytest.fixture(scope="session", autouse=True)
def _the_database_that_the_run_claims() -> None:
    """A silent fall-back to the other database would be a suite that never ran."""
    claimed = os.environ.get("EXPECT_DATABASE", connection.vendor)
    assert connection.vendor == claimed, f"this run claims {claimed} and has {connection.vendor}"


@pytest.fixture(scope="session", autouse=True)
def _a_flush_leaves_a_new_portal() -> Iterator[None]:
    """The clean-up after a test that commits may empty append-only tables, and lays a migration's row anew.

    Django's own means for such rows, serialized_rollback, hangs on the connection object, and Playwright's
    event loop gives the main thread another one.
    """
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_and_lay(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        remove_triggers(self.connection)
        flush(self, sql_list)
        install_triggers(self.connection)
        AccessSettings.objects.create()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", flush_and_lay)
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()
    shared_cache.clear()


@pytest.fixture
def project() -> Path:
    """The root of the checkout."""
    return settings.BASE_DIR
