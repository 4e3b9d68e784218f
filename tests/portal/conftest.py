"""What several tests of the portal start from."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from portal.project.tasks import BACKENDS
from tests.sessions import as_administrator


def queued() -> override_settings:
    """Work waits in the database until a worker comes."""
    return override_settings(TASKS={"default": {"BACKEND": BACKENDS["database"]}})


@pytest.fixture
def _queued() -> Iterator[None]:
    with queued():
        yield


@pytest.fixture
def admin(db: None) -> Client:
    """The browser of an administrator."""
    return as_administrator()
