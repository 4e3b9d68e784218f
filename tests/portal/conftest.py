"""What several tests of the portal start from."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from identity.services import notices
from portal.project.tasks import BACKENDS
from tests import clock
from tests.factories import make_idp, provision
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


@pytest.fixture
def _old_rows(db: None) -> None:
    """Of two people in the logs: of ada a hundred days ago, of eve now."""
    idp = make_idp()
    with clock.ago(days=100):
        provision(idp, "ada")
    provision(idp, "eve")


@pytest.fixture
def _mails_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker does, at once."""
    monkeypatch.setattr(notices.background, "later", lambda task, **arguments: task.call(**arguments))
