"""The look-ups with statements of their own (scim.queries.equality) answer as every other filter does."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from tests.clients import IdP, new_idp

NAMES = ["ada@example.test", "STRASSE@example.test", "o'brien@example.test", "%_@example.test", "ångström@example.test"]
WANTED = [*NAMES, "Ada@Example.TEST", "straße@example.test", "ÅNGSTRÖM@example.test", "%@example.test", "", "nobody"]


@pytest.fixture
def idp(db: None) -> IdP:
    idp = new_idp()
    for number, name in enumerate(NAMES):
        idp.user(name, externalId=f"Ext-{number}")
        idp.group(f"Group of {name}")
    idp.user("twin@example.test", externalId="Ext-1")
    new_idp("other").user("ada@elsewhere.test", externalId="Ext-0")
    return idp


def both(idp: IdP, endpoint: str, attribute: str, wanted: str, **query: str) -> tuple[dict[str, object], ...]:
    """The answers to the look-up, and to the same filter in a form that only the general way takes."""
    plain = f'{attribute} eq "{wanted}"'
    return tuple(idp.get(endpoint, filter=form, **query).json() for form in (plain, f"({plain})"))


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("attribute", ["userName", "USERNAME", "externalId", "displayName"])
def test_a_look_up_of_users_finds_whom_the_filter_finds(idp: IdP, attribute: str, wanted: str) -> None:
    looked_up, filtered = both(idp, "/Users", attribute, wanted)
    assert looked_up == filtered


@pytest.mark.parametrize("wanted", ["Ext-0", "Ext-1", "ext-1", "Ext-9"])
@pytest.mark.parametrize("page", [{}, {"count": "1"}, {"count": "0"}, {"startIndex": "2"}, {"sortBy": "userName"}])
def test_a_look_up_keeps_to_the_page_that_is_asked_for(idp: IdP, wanted: str, page: dict[str, str]) -> None:
    looked_up, filtered = both(idp, "/Users", "externalId", wanted, **page)
    assert looked_up == filtered


@pytest.mark.parametrize("wanted", WANTED)
def test_a_look_up_of_groups_finds_what_the_filter_finds(idp: IdP, wanted: str) -> None:
    looked_up, filtered = both(idp, "/Groups", "displayName", f"Group of {wanted}", excludedAttributes="members")
    assert looked_up == filtered


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_replaced_before_the_identity_provider_notices(transactional_db: None) -> None:
    """SR-40: the token's look-up is the health check."""
    idp = new_idp()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": None}) as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert idp.get("/Users").status_code == 200
    assert idp.post("/Users", {"userName": "ada@example.test"}).status_code == 201
