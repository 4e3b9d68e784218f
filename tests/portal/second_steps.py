"""An authenticator app, for tests."""

from __future__ import annotations

import re

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from portal.shared_cache import cache as shared_cache

FIRST = "/login/set-up-code/"


def code_of(secret: str) -> str:
    """What the app shows now, as if it had not been used yet: each code works once, and tests are quicker than that."""
    cache.clear()
    shared_cache.clear()
    return shown(secret)


def shown(secret: str) -> str:
    """What the app shows now."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def set_up(client: Client, url: str = "/profile/second-step/") -> tuple[str, list[str]]:
    """Scan the picture and type the first code: the secret and the recovery codes."""
    page = client.get(url).content.decode()
    found = re.search(r"secret: <code[^>]*>(\w+)<", page)
    assert found is not None, page
    answer = client.post(url, {"code": code_of(found[1])})
    return found[1], re.findall(r'<code class="gh-code">(\d+)</code>', answer.content.decode())
