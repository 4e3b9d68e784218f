"""The OpenAPI document: served, committed, readable."""

import json

import pytest
from django.test import Client

from portal.api.schema import document
from portal.api.urls import urlpatterns

pytestmark = pytest.mark.django_db


def test_the_document_is_openapi_3_1_and_needs_no_sign_in() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    served = json.loads(answer.content)
    assert served["openapi"] == "3.1.1"
    assert served == document()


def test_every_operation_has_a_name_a_summary_and_its_problems() -> None:
    operations = [operation for methods in document()["paths"].values() for method, operation in methods.items()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) > 80
    for operation in operations:
        assert operation["summary"].endswith("."), operation["operationId"]
        assert {"400", "401", "403", "406", "429", "503"} <= set(operation["responses"])
        assert len(operation["tags"]) == 1


def test_every_address_is_documented() -> None:
    """But for the document itself, its page, and what is no address."""
    undocumented = {"schema/", "docs/", r"^[\s\S]*"}
    assert len(document()["paths"]) == len({str(url.pattern) for url in urlpatterns} - undocumented)


def test_nothing_that_is_said_may_say_more_than_is_known() -> None:
    schemas = document()["components"]["schemas"]
    inputs = {name: schema for name, schema in schemas.items() if name.endswith("Input")}
    assert len(inputs) > 15
    assert all(schema["additionalProperties"] is False for schema in inputs.values())
