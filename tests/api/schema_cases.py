"""What schemathesis makes of the OpenAPI document: calls of each operation, and checks of their answers.

Its import takes seconds: only who runs the calls waits for it.
"""

import os
from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
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

from portal.api.schema import document
from tests.api.simplified import simplified

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))  # more of them find more, and take longer

SCHEMA = schemathesis.openapi.from_dict(simplified(document()))
SCHEMA.app = get_wsgi_application()
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


def reads(operation: APIOperation) -> bool:
    """Whether it takes anything from who calls."""
    return bool(list(operation.iter_parameters()) or operation.body)


def run(label: str, mode: str, headers: dict[str, str]) -> None:
    """Call the operation with what fits ("positive") or does not ("negative"), and check each answer."""

    @given(case=OPERATIONS[label].as_strategy(generation_mode=GenerationMode(mode)))
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
