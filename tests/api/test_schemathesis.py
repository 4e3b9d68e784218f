"""Every operation of the OpenAPI document, called with what fits it and with what does not.

No 5xx, no status, content type or body that the document does not name, no wrong input taken, no door without its
credentials. Schemathesis' pytest loader does not work on pytest 9: the operations are looped over.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from identity.models import User
from portal.api.schema import document
from tests.api.simplified import operations, takes_anything
from tests.factories import (
    make_api_token,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
)

OPERATIONS = operations(document())


def calls() -> Iterator[tuple[str, str]]:
    """Each operation with what fits, and where it takes anything at all with what does not."""
    for label, operation in sorted(OPERATIONS.items()):
        yield label, "positive"
        if takes_anything(operation):
            yield label, "negative"


@pytest.fixture(autouse=True)
def _one_connection_and_no_limit(settings: Any) -> Iterator[None]:
    """Requests run in the test's transaction, as those of Django's own test client do."""
    settings.API_REQUESTS_PER_MINUTE = 100_000
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def company(db: None) -> User:
    """A row of each kind, most with the id 1 that generated addresses often name; the owner."""
    idp = make_idp()
    ada = provision(idp, "ada")
    group = make_group("Builders", make_user("mia"))
    map_group(push_group(idp, "Engineering", ada), group)
    make_asset(ada.user)
    make_token(idp)
    make_break_glass()
    return make_owner()


def test_all_operations_are_there() -> None:
    assert len(OPERATIONS) > 80


def test_all_operations_are_tried() -> None:
    from tests.api import schema_cases  # noqa: PLC0415 - schemathesis takes seconds to import

    assert schema_cases.OPERATIONS.keys() == OPERATIONS.keys()
    with_input = {label for label, mode in calls() if mode == "negative"}
    assert with_input == {
        label for label, operation in schema_cases.OPERATIONS.items() if schema_cases.reads(operation)
    }


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_without_credentials_an_operation_is_401(label: str, db: None) -> None:
    method, _, path = label.partition(" ")
    answer = Client().generic(method, re.sub(r"\{\w+\}", "1", path))
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse API"'


@pytest.mark.parametrize(("label", "mode"), list(calls()))
def test_an_operation_answers_as_documented(label: str, mode: str, company: User) -> None:
    from tests.api import schema_cases  # noqa: PLC0415 - schemathesis takes seconds to import

    person = make_support() if "/support/" in label else company
    headers = {"Authorization": f"Bearer {make_api_token(person)}"}
    schema_cases.run(label, mode, headers)
