"""The logout token of an identity provider, and who sends it."""

from __future__ import annotations

import time
from typing import Any

from django.test import Client

from identity.models import SSOConnection
from portal.sso.logout import EVENT
from tests.sso.conftest import OIDCProvider


def logout_token(provider: OIDCProvider, **claims: Any) -> str:
    return provider.token(**{"events": {EVENT: {}}, "jti": str(time.monotonic_ns()), **claims})


def send(connection: SSOConnection, token: str) -> int:
    answer = Client().post(f"/sso/{connection.slug}/backchannel-logout/", {"logout_token": token})
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code
