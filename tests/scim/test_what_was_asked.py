"""What the provisioning log keeps of a request: enough to understand it, nothing that must not be kept (SR-15, R10)."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from identity.core.actors import Person
from identity.models import IdentityProvider, ProvisioningLog, UnknownAttribute, User
from identity.queries.sent_requests import SentRequest, sent_with
from identity.services import identity_providers, unknown_attributes
from identity.services.deletion import delete_permanently
from scim.bulk import BULK_REQUEST
from scim.wire.asked import MOST_KEPT
from tests.clients import IdP
from tests.factories import OPERATOR, make_support
from tests.scim.helpers import CORE_USER, ENTERPRISE, PATCH_OP, Document, group_body, user_body

ACME = "urn:example:acme:2.0:User"


def newest() -> ProvisioningLog:
    row = ProvisioningLog.objects.first()
    assert row is not None
    return row


def sent() -> SentRequest:
    found = sent_with(newest())
    assert found is not None
    return found


def unknown(idp: IdP) -> dict[str, int]:
    rows = UnknownAttribute.objects.filter(identity_provider=idp.provider)
    return {f"{row.resource_type} {row.name}".strip(): row.times for row in rows}


def test_a_write_is_kept_as_it_was_sent(idp: IdP) -> None:
    body = user_body("ann", name={"familyName": "Bo"}, active=True, **{ENTERPRISE: {"department": "R&D"}})
    created = idp.post("/Users?excludedAttributes=groups&access_token=s3cret", body).json()
    assert sent().asked.path == "/Users?excludedAttributes=groups"
    assert (sent().asked.body, sent().is_whole, sent().asked.cut) == (body, True, False)
    assert sent().attributes == ["userName", "name", "active", ENTERPRISE]
    operations = [{"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ann@example.com"}]
    idp.patch(f"/Users/{created['id']}", *operations)
    assert sent().asked.body == {"schemas": [PATCH_OP], "Operations": operations}
    assert sent().attributes == ['emails[type eq "work"].value']
    idp.delete(f"/Users/{created['id']}", If_Match='W/"2"')
    assert (sent().asked.path, sent().has_body, sent().asked.if_match) == (f"/Users/{created['id']}", False, 'W/"2"')


def test_a_refused_write_is_kept_too(idp: IdP) -> None:
    body = user_body("ann", active="maybe")
    assert idp.post("/Users", body).status_code == 400
    assert sent().asked.body == body
    assert idp.post("/Users", b'{"userName": "ann", "password": "hunter2-hunter2"').status_code == 400
    assert (sent().has_body, sent().is_unread, "hunter2" in newest().asked) == (False, True, False)


@pytest.mark.parametrize(
    "body",
    [
        user_body("ann", password="hunter2"),
        user_body("ann", PassWord="hunter2"),
        user_body("ann", **{f"{CORE_USER}:password": "hunter2"}),
        {"userName": "ann", CORE_USER: {"password": "hunter2"}},
        {"userName": "ann", CORE_USER: json.dumps({"password": "hunter2"})},
        user_body("ann", initialPassword="hunter2"),
        user_body("ann", title='{"password": "hunter2"}'),
        user_body("ann", name={"familyName": "Bo", "secret": "hunter2"}),
        user_body("ann", **{ACME: {"pin": "hunter2"}}),
        user_body("ann", **{ENTERPRISE: {"pin": "hunter2"}}),
        user_body("ann", emails=[{"value": "ann@x.test", "pin": "hunter2"}]),
    ],
)
def test_sr15_no_password_and_no_value_of_an_unknown_attribute_is_kept_of_a_resource(idp: IdP, body: Document) -> None:
    idp.post("/Users", body)
    assert "hunter2" not in newest().asked
    assert not sent().is_whole


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "password", "value": "hunter2"},
        {"op": "replace", "path": f"{CORE_USER}:password", "value": "hunter2"},
        {"op": "replace", "value": {"password": "hunter2"}},
        {"op": "replace", "value": json.dumps({"password": "hunter2"})},
        {"op": "replace", "path": "secretAnswer", "value": "hunter2"},
        {"op": "replace", "value": {ACME: {"pin": "hunter2"}}},
        {"op": "replace", "path": ACME, "value": {"pin": "hunter2"}},
        {"op": "replace", "path": "name", "value": {"pin": "hunter2", "familyName": "Bo"}},
        {"op": "replace", "path": "name[", "value": "hunter2"},
        {"op": "replace", "value": [["hunter2"]]},
        {"op": "replace", "path": "active", "value": False, "note": "hunter2"},
    ],
)
def test_sr15_nor_of_an_operation(idp: IdP, operation: Document) -> None:
    user = idp.user("ann")
    idp.patch(f"/Users/{user['id']}", operation)
    assert newest().method == "PATCH"
    assert "hunter2" not in newest().asked


def test_sr15_a_token_of_the_portal_that_was_pasted_into_an_attribute_is_not_kept(idp: IdP) -> None:
    idp.post("/Users", user_body("ann", title=f"is {idp.secret} it"))
    assert idp.secret not in newest().asked
    assert sent().asked.body["title"] == "is … it"


def test_of_a_group_the_members_ids_are_kept_and_not_their_names(idp: IdP) -> None:
    ann = idp.user("ann")
    there = {"value": ann["id"], "display": "Ann Bo", "$ref": f"https://x.test/{ann['id']}", "type": "User"}
    group = idp.post("/Groups", group_body("Staff", members=[]) | {"members": [there]}).json()
    assert sent().asked.body["members"] == [{"value": ann["id"], "type": "User"}]
    path = f"/Groups/{group['id']}"
    for operation in (
        {"op": "add", "path": "members", "value": [there]},
        {"op": "add", "value": {"members": [there]}},
        {"op": "add", "path": "members", "value": {"members": [there]}},
        {"op": "remove", "path": 'members[display eq "Ann Bo"]'},
    ):
        idp.patch(path, operation)
        assert newest().resource_type == "Group"
        assert "Ann Bo" not in newest().asked
    idp.patch(path, {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert ann["id"] in newest().asked


def test_a_large_body_is_cut_and_says_so(idp: IdP) -> None:
    group = idp.group()
    names = [{"value": idp.user()["id"]}] * 9_000
    assert idp.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": names}).status_code == 204
    assert sent().asked.cut
    assert sent().asked.size > 400_000
    assert len(newest().asked) < 2 * MOST_KEPT
    *kept, more = sent().asked.body["Operations"][0]["value"]
    assert more == f"… {9_000 - len(kept):,} more"
    idp.post("/Users", user_body("ann", title="x" * 100_000, nickName="y"))
    assert (sent().asked.cut, len(newest().asked) < 1_000, sent().asked.body["nickName"]) == (True, True, "y")


def test_each_operation_of_a_bulk_request_is_kept_by_itself(idp: IdP) -> None:
    data = user_body("ann", password="hunter2")
    operation = {"method": "POST", "path": "/Users", "bulkId": "a", "data": data}
    idp.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [operation]})
    assert (newest().method, sent().asked.path, sent().asked.body["userName"]) == ("POST", "/Users", "ann")
    assert "hunter2" not in newest().asked


def test_it_can_be_sent_again_with_curl(idp: IdP) -> None:
    idp.post("/Users", user_body("ann", title='it\'s "R&D"; $(rm -rf /)'))
    words = shlex.split(sent().curl.replace("\\\n", ""))
    assert words[:4] == ["curl", "-X", "POST", "http://127.0.0.1:8000/scim/v2/Users"]
    assert "Authorization: Bearer TOKEN" in words
    assert json.loads(words[words.index("--data") + 1]) == sent().asked.body
    assert idp.secret not in sent().curl


def test_what_is_switched_off_is_not_kept(idp: IdP) -> None:
    provider = IdentityProvider.objects.get(pk=idp.provider.pk)
    said: dict[str, Any] = {"name": provider.name, "kind": provider.kind, "asks_before_adopting": False}
    identity_providers.edit_identity_provider(provider, **said, keeps_requests=False, actor=OPERATOR)
    idp.post("/Users", user_body("ann", costCode="12"))
    assert (newest().asked, sent_with(newest()), unknown(idp)) == ("", None, {"User costCode": 1})


def test_r10_what_was_sent_of_a_person_goes_with_them(idp: IdP) -> None:
    """Under whatever name: a refused request may tell of somebody whom the portal knows by another."""
    idp.post("/Users", user_body("ann", emails=[{"value": "ann@example.com"}], nickName="Zaphod"))
    idp.post("/Users", user_body("zaphod.b", nickName="Zaphod", active="maybe"))
    idp.post("/Users", user_body("ben", nickName="Ford"))
    user = User.objects.get(username="ann")
    idp.delete(f"/Users/{user.sso_user.scim_id}")
    assert ProvisioningLog.objects.filter(asked__contains="Zaphod").count() == 2
    delete_permanently(user, typed_username="ann", reason="asked", actor=Person(make_support()))
    assert not ProvisioningLog.objects.filter(asked__icontains="zaphod").exists()
    assert ProvisioningLog.objects.filter(asked__contains="Ford").count() == 1


# --- what the portal doesn't know ---


def test_unknown_attributes_and_extensions_are_counted_by_name(idp: IdP) -> None:
    for number in range(2):
        body = user_body(f"ann{number}", costCode="12", name={"familyName": "Bo", "nick": "A"}, **{ACME: {"a": 1}})
        idp.post("/Users", {**body, "schemas": [CORE_USER, ACME, "urn:other"]})
    assert unknown(idp) == {"User costCode": 2, "User name.nick": 2, f"User {ACME}": 2, "User urn:other": 2}
    group = idp.group("Staff")
    idp.patch(f"/Groups/{group['id']}", {"op": "add", "path": 'owners[value eq "ann"].name', "value": "x"})
    assert unknown(idp)["Group owners[].name"] == 1
    assert "Group " not in {name for name in unknown(idp) if "ann" in name}


def test_what_the_portal_knows_is_not_counted(idp: IdP) -> None:
    ann = idp.user("ann", password="x", meta={"a": 1}, id="1", groups=[], **{ENTERPRISE: {"manager": "m1"}})
    idp.put(f"/Users/{ann['id']}", ann)
    idp.group("Staff", [ann])
    assert unknown(idp) == {}


def test_names_are_bounded_and_what_is_beyond_is_counted(idp: IdP) -> None:
    for number in range(0, unknown_attributes.MOST_NAMED + 40, 20):
        idp.post("/Users", user_body(**{f"x{number + each}": 1 for each in range(20)}))
    assert len(unknown(idp)) == unknown_attributes.MOST_NAMED + 1
    assert unknown(idp)[""] == 40
    idp.post("/Users", user_body(x0=1))
    assert (unknown(idp)["User x0"], unknown(idp)[""]) == (2, 40)
