"""R25: what a paused identity provider writes is turned away with 429, what it reads is answered."""

from __future__ import annotations

import pytest

from identity.models import AuditEvent, TurnedAway, User
from identity.services import identity_providers
from tests.clients import IdP, new_idp
from tests.factories import OPERATOR, sign_in_by_sso
from tests.scim.helpers import ERROR, PATCH_OP, SEARCH, group_body, unchanged_database, user_body
from tests.sessions import as_administrator


@pytest.fixture
def paused(idp: IdP) -> IdP:
    idp.user("ann")
    identity_providers.pause_identity_provider(idp.provider, actor=OPERATOR)
    return idp


def test_every_write_is_answered_429_with_whole_seconds(paused: IdP) -> None:
    where = paused.get("/Users").json()["Resources"][0]["meta"]["location"].partition("/scim/v2")[2]
    bulk = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "DELETE", "path": where}],
    }
    inactive = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    with unchanged_database():
        for method, path, body in (
            ("POST", "/Users", user_body("new")),
            ("PUT", where, user_body("ann", title="Boss")),
            ("PATCH", where, inactive),
            ("DELETE", where, None),
            ("POST", "/Groups", group_body("Design")),
            ("POST", "/Bulk", bulk),
            ("POST", "/Users", {"title": "malformed"}),
            ("DELETE", "/Users/5d0ad8c6-4a3f-4b0e-9c3e-2f1c8a7b6d59", None),
        ):
            answer = paused.send(method, path, body)
            assert answer.status_code == 429, path
            assert answer.json()["schemas"] == [ERROR]
            assert int(answer["Retry-After"]) > 0
            assert "paused" in answer.json()["detail"]
    assert {row.name: row.reason for row in TurnedAway.objects.open()} == dict.fromkeys(
        ("ann", "new", "Design"), "paused"
    )


def test_reads_go_on(paused: IdP) -> None:
    assert paused.get("/Users").json()["totalResults"] == 1
    assert paused.post("/Users/.search", {"schemas": [SEARCH]}).json()["totalResults"] == 1
    for path in ("/Groups", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes"):
        assert paused.get(path).status_code == 200


def test_another_idp_goes_on(paused: IdP) -> None:
    assert new_idp().post("/Users", user_body("new")).status_code == 201


def test_people_sign_in_through_a_paused_idp(paused: IdP) -> None:
    sign_in_by_sso(User.objects.get(username="ann"), paused.provider)
    assert User.objects.get(username="ann").sso_identities.exists()


def test_the_page_pauses_and_resumes_and_says_so(idp: IdP) -> None:
    client, page = as_administrator(), f"/admin/identity/identityprovider/{idp.provider.pk}"
    for verb, status, other in (("pause", 429, "resume"), ("resume", 201, "pause")):
        told = client.post(f"{page}/{verb}/", follow=True).content.decode()
        assert (f"{page}/{other}/" in told, f"{page}/{verb}/" in told) == (True, False)
        assert ("Paused since" in told) is (verb == "pause")
        assert idp.post("/Users", user_body("ann")).status_code == status


def test_pausing_twice_is_one_event(idp: IdP) -> None:
    for service in (identity_providers.pause_identity_provider, identity_providers.resume_identity_provider):
        for _ in range(2):
            service(idp.provider, actor=OPERATOR)
    actions = AuditEvent.objects.filter(action__in=("identity_provider.paused", "identity_provider.resumed"))
    assert list(actions.order_by("pk").values_list("action", flat=True)) == [
        "identity_provider.paused",
        "identity_provider.resumed",
    ]
