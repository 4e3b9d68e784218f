"""API tokens on the pages of their owner and of administrators."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from identity.core.actors import Person
from identity.models import APIToken, AuditEvent, User
from identity.services import api_tokens
from tests.factories import make_administrator, make_owner, make_user
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db

NEW = {"label": "nightly report", "scopes": ["read", "write"]}


def token_of(user: User) -> APIToken:
    return api_tokens.create_api_token(label="script", scopes=["read"], actor=Person(user))[0]


def test_a_member_creates_a_token_and_sees_it_once() -> None:
    mia = make_user()
    client = signed_in(mia)
    page = client.post(reverse("create_own_token"), NEW)
    secret = re.findall(r"ghapi_\w{46}", page.content.decode())
    assert len(secret) == 1
    assert "no-store" in page["Cache-Control"]
    found = api_tokens.find_api_token(secret[0])
    assert found is not None
    assert (found.user, found.label, found.scopes) == (mia, "nightly report", "read write")
    overview = client.get(reverse("own_tokens"))
    assert secret[0] not in overview.content.decode()
    assert "nightly report" in text_of(overview)
    assert "Read and write · created" in text_of(overview)
    assert "never used · does not expire" in text_of(overview)
    assert "API tokens You have 1" in text_of(client.get(reverse("profile")))


def test_sr11_creating_needs_a_fresh_sign_in() -> None:
    client = signed_in(make_user(), fresh=False)
    for answer in (client.get(reverse("create_own_token")), client.post(reverse("create_own_token"), NEW)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/confirm-password/")
    assert not APIToken.objects.exists()


def test_a_stranger_is_sent_to_sign_in() -> None:
    for page in ("own_tokens", "create_own_token"):
        assert Client().get(reverse(page))["Location"].startswith("/login/")


def test_a_token_without_scope_is_refused_in_words() -> None:
    page = signed_in(make_user()).post(reverse("create_own_token"), {"label": "x"})
    assert "This field is required." in text_of(page)
    assert not APIToken.objects.exists()


def test_the_owner_revokes_by_post_only() -> None:
    mia = make_user()
    client, token = signed_in(mia), token_of(mia)
    assert client.get(reverse("revoke_own_token", args=(token.pk,))).status_code == 405
    page = client.post(reverse("revoke_own_token", args=(token.pk,)), follow=True)
    assert "The token “script” was revoked." in text_of(page)
    assert not APIToken.objects.exists()


def test_nobody_revokes_another_members_token() -> None:
    token = token_of(make_user())
    assert signed_in(make_user("eve")).post(reverse("revoke_own_token", args=(token.pk,))).status_code == 404
    assert APIToken.objects.exists()


def test_an_administrator_sees_and_revokes_everybodys() -> None:
    token = token_of(make_user())
    client = as_administrator()
    assert "script" in text_of(client.get(address("apitoken_changelist")))
    assert token.hint in text_of(client.get(address("apitoken_change", token.pk)))
    assert f"Revoke the token {token.label}?" in text_of(client.get(address("apitoken_revoke", token.pk)))
    page = client.post(address("apitoken_revoke", token.pk), follow=True)
    assert f"The token {token} was revoked." in text_of(page)
    assert AuditEvent.objects.filter(action="api_token.revoked").exists()


def test_an_administrator_cannot_revoke_an_owners() -> None:
    token = token_of(make_owner())
    page = as_administrator().post(address("apitoken_revoke", token.pk))
    assert page.status_code == 403
    assert "Only an owner may do this to an owner." in text_of(page)
    assert APIToken.objects.exists()


def test_an_empty_list_says_where_tokens_come_from() -> None:
    assert "People create their own" in text_of(signed_in(make_administrator()).get(address("apitoken_changelist")))
