"""The database fails while a token is looked up, or beside the answer (SR-40)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from identity.models import ReceivedRequest
from identity.services import provider_contacts
from tests.clients import IdP, problem
from tests.factories import administrator
from tests.interruptions import failing

TOKENS = "FROM identity_scimtoken"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DatabaseError])
def test_503_when_no_token_can_be_looked_up(idp: IdP, error: type[Exception]) -> None:
    with failing(TOKENS, error=error) as failed:
        answer = idp.get("/Users")
    assert problem(answer) == (503, None)
    assert answer["Retry-After"] == "5"
    assert len(failed) == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_meanwhile_is_replaced_and_nobody_notices(
    idp: IdP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    with failing(TOKENS, times=1) as failed:
        before = connection.connection
        assert idp.get("/Users").status_code == 200
    assert len(failed) == 1
    assert connection.connection is not before


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_fails_on_a_sound_connection_is_not_made_again(idp: IdP) -> None:
    with failing(TOKENS) as failed:
        assert problem(idp.get("/Users")) == (503, None)
    assert len(failed) == 1


@pytest.mark.django_db(transaction=True)
def test_who_looks_on_misses_a_request_rather_than_that_it_fails(idp: IdP) -> None:
    provider_contacts.watch(idp.provider, actor=administrator())
    with failing("identity_receivedrequest"):
        assert idp.post("/Users", {"userName": "ada"}).status_code == 201
    assert not ReceivedRequest.objects.exists()
    assert idp.get("/Users").json()["totalResults"] == 1
    assert ReceivedRequest.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_takes_no_writes_is_dropped(idp: IdP) -> None:
    """After a fail-over it may lead to what is a standby now."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    before = connection.connection
    answer = idp.post("/Users", {"userName": "ada"})
    assert (problem(answer), answer["Retry-After"]) == ((503, None), "5")
    connection.close_if_unusable_or_obsolete()  # as Django does at the end of each request outside tests
    assert idp.post("/Users", {"userName": "ada"}).status_code == 201
    assert connection.connection is not before
