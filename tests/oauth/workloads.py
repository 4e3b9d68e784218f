"""A SCIM client without a stored secret: it signs assertions and asks for access tokens."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from identity.models import IdentityProvider, SCIMTrust
from identity.services import scim_trusts
from identity.services.scim_trusts import TrustSettings
from portal.oauth.requests import ASSERTION_TYPE, FORM
from tests.clients import IdP
from tests.factories import OPERATOR
from tests.sso.keys import signing_key

TOKEN = "/scim/oauth/token"
ISSUER = "https://issuer.example/tenant"
SUBJECT = "8d9d6f0e-0000-4000-8000-000000000001"
AUDIENCE = "api://gatehouse"


def public_key(name: str = "k1", **said: Any) -> dict[str, Any]:
    key = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key(name).public_key(), as_dict=True)
    return {**key, "kid": name, "use": "sig", **said}


def key_set(*names: str) -> str:
    return json.dumps({"keys": [public_key(name) for name in names or ("k1",)]})


def trust_of(provider: IdentityProvider, **said: Any) -> SCIMTrust:
    """A trust in the workload, with its pasted keys unless told otherwise."""
    keys = {} if "key_set_url" in said else {"key_set": key_set()}
    standard = {"label": "Provisioning", "issuer": ISSUER, "subject": SUBJECT, "audiences": AUDIENCE, **keys}
    return scim_trusts.create_trust(provider, said=TrustSettings(**{**standard, **said}), actor=OPERATOR)


@dataclass
class Workload:
    """Who signs with `key`, for a trust."""

    trust: SCIMTrust
    key: str = "k1"
    client: Client = field(default_factory=Client)

    def assertion(
        self, *, algorithm: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A signed one; None takes a claim away."""
        now = int(time.time())
        whole = {
            "iss": self.trust.expected_issuer,
            "sub": self.trust.expected_subject,
            "aud": (self.trust.named_audiences or [f"{settings.PUBLIC_URL}{TOKEN}"])[0],
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
            **claims,
        }
        said = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(
            said, key or signing_key(self.key), algorithm=algorithm, headers={"kid": self.key, **(headers or {})}
        )

    def ask(self, assertion: str | None = None, **said: str | None) -> HttpResponse:
        """Client credentials with an assertion, as Entra ID asks; None takes a parameter away."""
        whole = {
            "grant_type": "client_credentials",
            "client_id": self.trust.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion() if assertion is None else assertion,
            "scope": "scim",
            **said,
        }
        return self.post(urlencode({name: value for name, value in whole.items() if value is not None}))

    def post(self, body: str | bytes, path: str = TOKEN, kind: str = FORM, **headers: str) -> HttpResponse:
        return self.client.generic("POST", path, body, content_type=kind, headers=headers)  # type: ignore[return-value]

    def idp(self) -> IdP:
        """The identity provider at SCIM, with an access token."""
        answer = self.ask()
        assert answer.status_code == 200, answer.content
        return IdP(answer.json()["access_token"], provider=self.trust.identity_provider)


def refusal(answer: HttpResponse) -> tuple[int, str]:
    """Status and error of RFC 6749, after a look at what all of them share (section 5.2)."""
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in body["error_description"])
    return answer.status_code, body["error"]
