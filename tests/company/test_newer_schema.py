"""A host that is not upgraded yet works on a newer schema: what it can't store is a fault, never "taken"."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.http import HttpResponse

from identity.db.uniqueness import VALUE_TAKEN, known_constraints
from identity.models import AuditEvent, Group, ProvisioningLog, SSOGroup, SSOUser, User
from tests import newer_schema
from tests.clients import administrators_caller, caller, new_idp, problem
from tests.factories import make_administrator, make_user
from tests.loops import each
from tests.portal.admin_pages import address
from tests.portal.shell import refusal, run
from tests.scim.helpers import group_body, user_body
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db

Answer = Callable[[], HttpResponse]
Door = Callable[[], tuple[str, Answer]]


def scim_users() -> tuple[str, Answer]:
    idp = new_idp()
    return "identity_user", lambda: idp.post("/Users", user_body("ann"))


def scim_records() -> tuple[str, Answer]:
    idp = new_idp()
    return "identity_ssouser", lambda: idp.post("/Users", user_body("ann"))


def scim_groups() -> tuple[str, Answer]:
    idp = new_idp()
    return "identity_ssogroup", lambda: idp.post("/Groups", group_body("Staff"))


def rest() -> tuple[str, Answer]:
    script = administrators_caller()
    script.client.raise_request_exception = False
    return "identity_group", lambda: script.post("groups/", {"name": "Staff"})


def rest_once() -> tuple[str, Answer]:
    script = administrators_caller()
    return "identity_idempotentrequest", lambda: script.post("groups/", {"name": "Staff"}, Idempotency_Key="k1")


def page() -> tuple[str, Answer]:
    client = as_administrator()
    client.raise_request_exception = False
    return "identity_group", lambda: client.post(address("group_add"), {"name": "Staff", "description": ""})


def stored() -> list[int]:
    return [model._default_manager.count() for model in (User, Group, SSOUser, SSOGroup, AuditEvent, ProvisioningLog)]


DOORS = [scim_users, scim_records, scim_groups, rest, rest_once, page]


@pytest.mark.parametrize("door", DOORS)
def test_503_when_a_newer_column_wants_a_value(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    table, ask = door()
    newer_schema.asks_for_more(table)
    before = stored()
    answer = ask()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert [
        word for word in ("taken", "belongs", "already", "NOT NULL", "newer") if word in answer.content.decode()
    ] == []
    assert [entry.levelno for entry in caplog.records if entry.exc_info] == [logging.ERROR]
    assert stored() == before


@pytest.mark.parametrize(
    ("door", "column"),
    [
        (scim_users, "username"),
        (scim_records, "user_name"),
        (scim_groups, "display_name"),
        (rest, "name"),
        (page, "name"),
    ],
)
def test_500_when_a_check_refuses_and_would_again(door: Door, column: str, caplog: pytest.LogCaptureFixture) -> None:
    table, ask = door()
    newer_schema.allows_less(table, column)
    before = stored()
    answer = ask()
    assert answer.status_code == 500
    assert "taken" not in answer.content.decode()
    assert [entry.levelno for entry in caplog.records if entry.exc_info] != []
    assert stored() == before


def test_503_when_a_unique_index_is_newer_than_this_code(caplog: pytest.LogCaptureFixture) -> None:
    idp = new_idp()
    idp.user("ann", name={"givenName": "Ann"})
    newer_schema.is_unique_by("identity_user", "first_name")
    answer = idp.post("/Users", user_body("bob", name={"givenName": "Ann"}))
    assert answer.status_code == 503
    assert "taken" not in answer.content.decode()


def test_a_command_fails_and_says_nothing_of_a_name() -> None:
    newer_schema.asks_for_more("identity_group")
    with pytest.raises(IntegrityError):
        run("create_group", "Staff")
    assert not Group.objects.exists()


def test_what_is_taken_at_the_same_moment_is_a_409_at_every_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of our constraints it is, and where no service foresaw it."""
    user = make_user("ann")

    def raced(*args: Any, **kwargs: Any) -> None:
        User.objects.create(username="ann", username_key=user.username_key)

    somebody = make_administrator()
    idp, script, client = new_idp(), caller(somebody), signed_in(somebody)
    monkeypatch.setattr("identity.audit.record", raced)
    assert problem(script.post("groups/", {"name": "Staff"})) == (409, "taken")
    assert client.post(address("group_add"), {"name": "Staff", "description": ""}).status_code == 409
    assert refusal("create_group", "Staff") == (4, VALUE_TAKEN)
    monkeypatch.setattr("identity.services.provisioning.people.log_write", raced)
    assert problem(idp.post("/Users", user_body("bob"))) == (409, "uniqueness")
    assert not Group.objects.exists()


def test_every_unique_constraint_of_the_schema_is_known_by_the_name_that_the_database_tells() -> None:
    ours = [model for model in apps.get_models() if model._meta.app_label == "identity"]
    with connection.cursor() as cursor:
        for model in each(ours, at_least=30):
            table = model._meta.db_table
            found = connection.introspection.get_constraints(cursor, table)
            for name, constraint in each(found.items(), at_least=1):
                if not constraint["unique"] or constraint["primary_key"]:
                    continue
                columns = ", ".join(f"{table}.{column}" for column in constraint["columns"])
                assert (name if connection.vendor == "postgresql" else columns) in known_constraints()
