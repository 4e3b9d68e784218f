"""What schemathesis makes of the OpenAPI document: calls of each operation, and checks of their answers.

Its import takes seconds: only who runs the calls waits for it.
"""

from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import Phase, given
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.api.schema import document
from tests.api.simplified import simplified
from tests.examples import SQLITE, examples

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]

SCHEMA = schemathesis.openapi.from_dict(simplified(document()))
SCHEMA.app = get_wsgi_application()
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


def reads(operation: APIOperation) -> bool:
    """Whether it takes anything from who calls."""
    return bool(list(operation.iter_parameters()) or operation.body)


def run(label: str, mode: str, headers: dict[str, str]) -> None:
    """Call the operation with what fits ("positive") or does not ("negative"), and check each answer."""

    @given(case=OPERATIONS[label].as_strategy(generation_mode=GenerationMode(mode)))
    @examples(3, home=SQLITE, phases=[Phase.explicit, Phase.generate])
    def call(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()
