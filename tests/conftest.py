"""What every test needs: the database it claims to run on, and settings that make tests quick."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection


def pytest_configure(config: pytest.Config) -> None:
    # Tests hash many passwords and none of them matters.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that really commit end with a flush: what migrations have laid is laid anew before each."""
    for item in items:
        if commits(item):
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


def commits(item: pytest.Item) -> bool:
    """Does this test write for real, instead of in a transaction that is rolled back?"""
    marker = item.get_closest_marker("django_db")
    asked = bool(marker and marker.kwargs.get("transaction"))
    return asked or not {"transactional_db", "live_server"}.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in production: in memory, all threads would share one connection."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session", autouse=True)
def _the_database_that_the_run_claims() -> None:
    """A silent fall-back to the other database would be a suite that never ran."""
    claimed = os.environ.get("EXPECT_DATABASE", connection.vendor)
    assert connection.vendor == claimed, f"this run claims {claimed} and has {connection.vendor}"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def project() -> Path:
    """The root of the checkout."""
    return settings.BASE_DIR
