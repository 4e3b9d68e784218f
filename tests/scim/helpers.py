"""The words of SCIM, the bodies that identity providers send, and what the tests look at afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps

from identity.models import Group, SSOGroup
from tests.factories import make_group, map_group
from tests.rows import Row, rows_of

Document = dict[str, Any]

ROOT = "/scim/v2"
BASE = "http://127.0.0.1:8000/scim/v2"
SCIM = "application/scim+json"

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PORTAL_USER = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:User"
PORTAL_GROUP = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

_numbers = itertools.count(1)


def user_body(user_name: str | None = None, **attributes: Any) -> Document:
    name = user_name or f"person{next(_numbers)}@example.com"
    return {"schemas": [CORE_USER], "userName": name, **attributes}


def group_body(name: str | None = None, members: Iterable[Document] = (), **attributes: Any) -> Document:
    body = {"schemas": [CORE_GROUP], "displayName": name or f"Group {next(_numbers)}", **attributes}
    return {**body, "members": [member(user) for user in members]} if members else body


def member(user: Document) -> Document:
    return {"value": user["id"]}


def member_ids(group: Document) -> list[str]:
    return [entry["value"] for entry in group.get("members", [])]


def mapped(group: Document, *names: str) -> Group:
    """The last of these portal groups, all of which follow this SSO group from now on."""
    for name in names:
        portal_group = Group.objects.filter(name=name).first() or make_group(name)
        map_group(SSOGroup.objects.get(scim_id=group["id"]), portal_group)
    return portal_group


def snapshot() -> dict[str, list[Row]]:
    """Every row of the domain except what refusals and uses leave behind (logs, conflicts, last use of tokens)."""
    left_out = {"ProvisioningLog", "Conflict", "SCIMToken", "ProviderContact", "UnknownAttribute"}
    left_out |= {"TurnedAway", "TurnedAwayMember"}
    return rows_of(model for model in apps.get_app_config("identity").get_models() if model.__name__ not in left_out)


@contextmanager
def unchanged_database() -> Iterator[None]:
    """Nothing but the log and the account of what was turned away may change in the block."""
    before = snapshot()
    yield
    assert snapshot() == before


CERTIFICATE = "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx"
# Every attribute of RFC 7643 section 8.2 and 8.3 that a client may write.
FULL: Document = {
    "userName": "bjensen@example.com",
    "externalId": "701984",
    "name": {
        "formatted": "Ms. Barbara J Jensen, III",
        "familyName": "Jensen",
        "givenName": "Barbara",
        "middleName": "Jane",
        "honorificPrefix": "Ms.",
        "honorificSuffix": "III",
    },
    "displayName": "Babs Jensen",
    "nickName": "Babs",
    "profileUrl": "https://login.example.com/bjensen",
    "title": "Tour Guide",
    "userType": "Employee",
    "preferredLanguage": "en-US",
    "locale": "en-US",
    "timezone": "America/Los_Angeles",
    "emails": [
        {"value": "bjensen@example.com", "type": "work", "primary": True},
        {"value": "babs@Jensen.Test", "type": "home", "display": "Home"},
    ],
    "phoneNumbers": [
        {"value": "tel:+1-201-555-0123", "type": "work", "primary": True},
        {"value": "555-555-4444", "type": "mobile"},
    ],
    "ims": [{"value": "someaimhandle", "type": "aim"}],
    "photos": [{"value": "not a URL, and kept", "type": "photo"}],
    "addresses": [
        {
            "formatted": "100 Universal City Plaza\nHollywood, CA 91608 USA",
            "streetAddress": "100 Universal City Plaza",
            "locality": "Hollywood",
            "region": "CA",
            "postalCode": "91608",
            "country": "US",
            "type": "work",
            "primary": True,
        }
    ],
    "entitlements": [{"value": "printing", "display": "Printing", "type": "facility", "primary": True}],
    "roles": [{"value": "guide", "display": "Guide", "type": "job"}],
    "x509Certificates": [{"value": CERTIFICATE, "display": "signing"}],
    ENTERPRISE: {
        "employeeNumber": "701984",
        "costCenter": "4130",
        "organization": "Universal Studios",
        "division": "Theme Park",
        "department": "Tour Operations",
        "manager": {
            "value": "26118915-6090-4610-87e4-49d8ca9f808d",
            "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d",
            "displayName": "John Smith",
        },
    },
}
