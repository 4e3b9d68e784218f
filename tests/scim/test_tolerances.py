"""What clients send that is nearly SCIM: read, or refused in words that help (each names who sends it so)."""

from __future__ import annotations

import codecs
import json

import pytest

from identity.models import ProvisioningLog
from scim import config
from tests.scim.helpers import (
    CORE_USER,
    IdP,
    group_body,
    member,
    problem,
    user_body,
)


def test_a_password_stands_in_schemas_as_it_is_used() -> None:
    """canaille's client builds every user with it (RFC 7643 section 8.7.1)."""
    attributes = {attribute["name"]: attribute for attribute in config.schemas()[CORE_USER]["attributes"]}
    said = attributes["password"]
    assert (said["type"], said["mutability"], said["returned"]) == ("string", "writeOnly", "never")


@pytest.mark.parametrize(
    "body",
    ['{"userName":"ann","active":false,"active ":true}', '{"userName":"ann"," userName":"ben"}'],
)
def test_a_name_that_differs_by_white_space_only_is_given_twice(idp: IdP, body: str) -> None:
    assert problem(idp.post("/Users", body.encode())) == (400, "invalidSyntax")
    ann = idp.user("ann")
    patch = b'{"Operations":[{"op":"replace","value":{"active":false,"active ":true}}]}'
    assert problem(idp.send("PATCH", f"/Users/{ann['id']}", patch)) == (400, "invalidSyntax")


def test_a_base_url_with_a_slash_at_its_end_asks_for_two(idp: IdP) -> None:
    ann = idp.post("//Users", user_body("ann")).json()
    for path in (f"//Users/{ann['id']}", f"//Users//{ann['id']}/", f"/Users//{ann['id']}"):
        assert idp.get(path).json()["userName"] == "ann"
    assert idp.get("//Users", filter='userName eq "ann"').json()["totalResults"] == 1
    for path in ("//ServiceProviderConfig", "//Schemas", "//ResourceTypes/User", "//Groups", "//"):
        assert idp.get(path).status_code == 200, path
    assert problem(idp.get("//Nothing"))[0] == 404


def test_a_byte_order_mark_before_the_body_is_nothing(idp: IdP) -> None:
    assert idp.post("/Users", codecs.BOM_UTF8 + json.dumps(user_body("ann")).encode()).status_code == 201
    assert problem(idp.post("/Users", codecs.BOM_UTF16 + json.dumps(user_body("ben")).encode()))[0] == 400


def test_a_group_patch_is_logged_as_it_was_answered(idp: IdP) -> None:
    ann, staff = idp.user("ann"), idp.group("Staff")
    where = f"/Groups/{staff['id']}"
    add = {"op": "add", "path": "members", "value": [member(ann)]}
    for path, answered in ((where, 204), (f"{where}?attributes=displayName", 200)):
        assert idp.patch(path, add).status_code == answered
        assert ProvisioningLog.objects.latest("pk").status == answered
    assert idp.put(where, group_body("Staff")).status_code == 200
    assert ProvisioningLog.objects.latest("pk").status == 200
