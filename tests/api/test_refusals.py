"""SR-16, generated from the document: no operation is open to a role or a token that it is not for."""

import json
import re

import pytest

from identity.models import Scope
from portal.api.schema import document
from tests.clients import Script, caller
from tests.factories import make_administrator, make_support, make_user

pytestmark = pytest.mark.django_db

OPERATIONS = {
    operation["operationId"]: (method.upper(), re.sub(r"\{\w+\}", "999999", path))
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}
CHANGES = {name: found for name, found in OPERATIONS.items() if found[0] != "GET"}
SUPPORTS = {name: found for name, found in OPERATIONS.items() if "/support/" in found[1]}

# Everybody's: oneself, the policy, and one's own tokens, of which none has this number (404).
OF_EVERYBODY = {
    "get_me": 200,
    "list_own_sessions": 200,
    "get_own_notifications": 200,
    "set_own_notifications": 400,  # nothing was sent
    "remove_own_second_step": 403,  # at a browser only
    "end_own_session": 404,
    "end_own_other_sessions": 200,
    "get_policy": 200,
    "list_api_tokens": 200,
    "get_api_token": 404,
    "revoke_api_token": 404,
    "create_api_token": 403,  # at a browser only
}


def answered(script: Script, name: str) -> tuple[int, str]:
    answer = script.send(*OPERATIONS[name])
    return answer.status_code, json.loads(answer.content).get("code", "")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_member_is_kept_out_of_everything_but_what_is_everybodys(name: str) -> None:
    status, code = answered(caller(make_user()), name)
    assert status == OF_EVERYBODY[name] if name in OF_EVERYBODY else (status, code) == (403, "role_required")


@pytest.mark.parametrize("name", CHANGES)
def test_a_token_to_read_changes_nothing(name: str) -> None:
    assert answered(caller(make_administrator(), Scope.READ), name) == (403, "scope_required")


@pytest.mark.parametrize("name", SUPPORTS)
def test_what_support_does_needs_its_role_and_its_scope(name: str) -> None:
    if name in {"list_deletions", "get_deletion"}:  # administrators read these too
        assert answered(caller(make_administrator()), name)[0] in {200, 404}
        return
    assert answered(caller(make_administrator()), name) == (403, "role_required")
    assert answered(caller(make_support(), Scope.WRITE), name) == (403, "scope_required")


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - SUPPORTS.keys() - OF_EVERYBODY.keys()))
def test_support_changes_nothing_else(name: str) -> None:
    assert answered(caller(make_support()), name) == (403, "role_required")
