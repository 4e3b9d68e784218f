"""The identity provider while an administrator looks on: it talks SCIM to the live portal over HTTP."""

from typing import Any

import httpx
from django.http import HttpResponse

from identity.models import IdentityProvider
from tests.clients import IdP
from tests.factories import make_idp, make_token
from tests.scim.helpers import Document, user_body


class OverHTTP:
    """What a caller asks of its client, as real requests."""

    def __init__(self, portal_url: str) -> None:
        self._url = portal_url

    def generic(self, method: str, path: str, data: bytes, *, content_type: str, headers: dict[str, str]) -> Any:
        wanted = {"Content-Type": content_type, **headers}
        return httpx.request(method, f"{self._url}{path}", content=data, headers=wanted, timeout=10)


class LiveIdP(IdP):
    """Its people are called first.last and have an email of that name."""

    def __init__(self, portal_url: str, provider: IdentityProvider | None = None, token: str = "") -> None:
        provider = provider or make_idp()
        super().__init__(token or make_token(provider), OverHTTP(portal_url), provider)

    def push(self, user_name: str, email: str = "") -> HttpResponse:
        given, _, family = user_name.partition(".")
        emails = [{"value": email or f"{user_name}@example.test", "type": "work", "primary": True}]
        name = {"givenName": given.title(), "familyName": family.title()}
        return self.post("/Users", user_body(user_name, name=name, emails=emails, active=True))

    def user(self, user_name: str) -> Document:
        answer = self.push(user_name)
        assert answer.status_code == 201, answer.content
        return answer.json()
