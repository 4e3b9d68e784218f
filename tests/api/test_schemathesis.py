"""Every operation of the OpenAPI document, called with what fits it and with what does not.

No 5xx, no status, content type or body that the document does not name, no wrong input taken, no door without its
credentials. Schemathesis' pytest loader does not work on pytest 9: the operations are looped over.
"""

import os
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from identity.models import User
from portal.api.schema import document
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

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))  # more of them find more, and take longer

# Tested by themselves: credentials (below), and what makes other answers right than the body and the row do.
LEFT_OUT = {"fields", "If-Match", "If-None-Match"}


def simplified() -> dict[str, Any]:
    """The document without `LEFT_OUT`."""
    found = deepcopy(document())
    del found["components"]["securitySchemes"]
    for operation in (operation for methods in found["paths"].values() for operation in methods.values()):
        del operation["security"]
        parameters = operation.get("parameters", [])
        operation["parameters"] = [parameter for parameter in parameters if parameter["name"] not in LEFT_OUT]
    return found


SCHEMA = schemathesis.openapi.from_dict(simplified())
SCHEMA.app = get_wsgi_application()
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


def calls() -> Iterator[tuple[str, GenerationMode]]:
    """Each operation with what fits, and where it takes anything at all with what does not."""
    for label, operation in sorted(OPERATIONS.items()):
        yield label, GenerationMode.POSITIVE
        if list(operation.iter_parameters()) or operation.body:
            yield label, GenerationMode.NEGATIVE


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


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_without_credentials_an_operation_is_401(label: str, db: None) -> None:
    method, _, path = label.partition(" ")
    answer = Client().generic(method, re.sub(r"\{\w+\}", "1", path))
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse API"'


@pytest.mark.parametrize(("label", "mode"), list(calls()))
def test_an_operation_answers_as_documented(label: str, mode: GenerationMode, company: User) -> None:
    operation = OPERATIONS[label]
    person = make_support() if "/support/" in label else company
    headers = {"Authorization": f"Bearer {make_api_token(person)}"}
    run(operation, mode, headers)


def run(operation: APIOperation, mode: GenerationMode, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()
