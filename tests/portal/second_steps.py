"""An authenticator app, for tests."""

from __future__ import annotations

import re

from django.test import Client

from identity.core import totp
from identity.models import SecondFactor

FIRST = "/login/set-up-code/"


def code_of(secret: str) -> str:
    """What the app shows now, as if it had not been used yet: each code works once, and tests are quicker than that."""
    SecondFactor.objects.update(last_step=0)
    return shown(secret)


def shown(secret: str) -> str:
    """What the app shows now."""
    return totp.code_at(secret, totp.step_now())


def set_up(client: Client, url: str = "/profile/second-step/") -> tuple[str, list[str]]:
    """Scan the picture and type the first code: the secret and the recovery codes."""
    page = client.get(url).content.decode()
    found = re.search(r"secret: <code[^>]*>(\w+)<", page)
    assert found is not None, page
    answer = client.post(url, {"code": code_of(found[1])})
    return found[1], re.findall(r'<code class="gh-code">(\d+)</code>', answer.content.decode())
