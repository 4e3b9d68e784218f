"""Whose address the portal counts and notes: the caller's, and never what the caller says of itself (SR-31)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from identity.models import ProvisioningLog
from tests.clients import new_idp
from tests.scim.helpers import user_body

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("10.1.2.3", "2001:db8::1", "2001:db8::1"),
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.1.2.3", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7:51234, 10.1.2.3:80", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("127.0.0.1", '"[2001:db8::1]:443"', "2001:db8::1"),
        ("127.0.0.1", "203.0.113.7:80:90", "127.0.0.1"),
    ],
)
def test_the_callers_address_is_what_trusted_proxies_say(
    settings: Any, peer: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8")]
    replace(new_idp(), client=Client(REMOTE_ADDR=peer)).post("/Users", user_body("ada"), X_Forwarded_For=forwarded)
    assert ProvisioningLog.objects.get().address == address
