"""A browser that is signed in is never switched to another person without asking, whatever door opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from identity.models import SSOConnection, User
from identity.services import invitations
from portal.account.second_factor import PENDING
from portal.sso import arrival
from tests.factories import ISSUER, OPERATOR, connect, make_idp, make_user, provision
from tests.sessions import is_in, sign_in
from tests.sso.conftest import OIDCProvider
from tests.sso.saml_answers import SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada() -> User:
    return make_user("ada", password=PASSWORD)


@pytest.fixture
def client(ada: User) -> Client:
    """Ada's browser, signed in with her password."""
    client = Client()
    sign_in("ada", client=client)
    assert is_in(client)
    return client


def who(client: Client) -> str:
    found = re.search(r"@?(ada|bob)@example", client.get("/profile/").content.decode())
    return found[1] if found else ""


def by_oidc(query: str) -> Callable[[Client, Any], Any]:
    def arrive(client: Client, request: Any) -> Any:
        provider: OIDCProvider = request.getfixturevalue("provider")
        connection = connect(make_idp("Okta", kind="okta"))
        provision(connection.identity_provider, "bob", external_id="00u1")
        provider.answers[f"{ISSUER}/userinfo"] = {"sub": "00u1"}
        return provider.sign_in(client, connection, query)

    return arrive


def by_saml(client: Client, request: Any) -> Any:
    connection: SSOConnection = request.getfixturevalue("saml")
    provider: SAMLProvider = request.getfixturevalue("saml_provider")
    provision(connection.identity_provider, "bob", external_id="ext-1")
    xml = provider.good(connection, request_id(client, connection, "?again&next=/profile/"))
    answer = client.post(f"/sso/{connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
    return client.get(answer["Location"])


def by_invitation(client: Client, request: Any) -> Any:
    with request.getfixturevalue("django_capture_on_commit_callbacks")(execute=True):
        invitations.invite_user(username="bob", email="bob@example.test", actor=OPERATOR)
    found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
    assert found is not None
    page = client.get(found[0])
    assert page.status_code == 409
    answer = client.post(found[0], {"password": PASSWORD, "repeated": PASSWORD})
    assert User.objects.get(username="bob").status == "invited"
    return answer


def by_code(client: Client, request: Any) -> Any:
    """Another person's password was typed before, in another tab."""
    bob = make_user("bob", password=PASSWORD)
    session = client.session
    session[PENDING] = {"user": bob.pk, "hash": bob.get_session_auth_hash(), "next": "", "at": 2**40}
    session.save()
    return client.get("/login/code/")


DOORS = {
    "OpenID Connect": by_oidc(""),
    "OpenID Connect, step-up": by_oidc("?again&next=/profile/"),
    "SAML, step-up": by_saml,
    "invitation": by_invitation,
    "second step": by_code,
}


@pytest.mark.parametrize("door", DOORS)
def test_a_session_is_never_switched_without_asking(client: Client, request: Any, door: str) -> None:
    key = client.session.session_key
    answer = DOORS[door](client, request)
    text = " ".join(re.sub("<[^>]+>", "", answer.content.decode()).split())
    assert answer.status_code == 409
    assert "You are signed in as ada, and nothing was changed." in text
    assert "To go on as bob, sign out first, then start again." in text
    assert client.session.session_key == key
    assert who(client) == "ada"


def test_the_same_person_confirms(client: Client, ada: User, provider: OIDCProvider, okta: SSOConnection) -> None:
    provision(okta.identity_provider, "grace", external_id="00u1")
    first = Client()
    provider.sign_in(first, okta)
    answer = provider.sign_in(first, okta, "?again&next=/profile/", auth_time=2**31)
    assert answer["Location"] == "/profile/"


def test_a_door_that_forgets_to_ask_switches_nothing_either(
    client: Client, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "is_somebody_else", lambda request, user: False)
    assert DOORS["SAML, step-up"](client, request).status_code == 403
    assert who(client) == "ada"
