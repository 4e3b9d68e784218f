"""What a SCIM token may do, from where, and whether a provider takes tokens that were made to be pasted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from identity.core.errors import InvalidValue, Refused
from identity.core.networks import allows, networks
from identity.models import AuditEvent, IdentityProvider, ReceivedRequest, SCIMToken, SCIMTrust
from identity.services import identity_providers, provider_contacts, scim_tokens, scim_trusts, traces
from identity.services.scim_trusts import TrustSettings
from tests.clients import IdP
from tests.factories import OPERATOR, administrator, make_idp, make_user
from tests.loops import each
from tests.oauth.workloads import Workload, refusal, trust_of
from tests.scim.helpers import user_body

pytestmark = pytest.mark.django_db

SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName eq "ann"'}


def limited(provider: IdentityProvider, **limits: Any) -> IdP:
    """An identity provider with such a token."""
    _, secret = scim_tokens.create_token(provider, label="limited", actor=OPERATOR, **limits)
    return IdP(secret, provider=provider)


def edited(trust: SCIMTrust, **changes: Any) -> None:
    kept = {name: getattr(trust, name) for name in TrustSettings.__dataclass_fields__}
    scim_trusts.edit_trust(trust, said=TrustSettings(**{**kept, **changes}), actor=OPERATOR)


# --- networks ---


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("", ""),
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24, 192.0.2.0/24\n2001:db8::1/32;", "192.0.2.0/24 2001:db8::/32"),
    ],
)
def test_networks_are_stored_as_blocks(text: str, stored: str) -> None:
    assert networks(text) == stored


MANY = " ".join(f"10.0.{n}.0/24" for n in range(31))


@pytest.mark.parametrize("text", ["example.com", "192.0.2.0/33", "192.0.2", "*", MANY])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        networks(text)


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", False),
        ("", False),
        ("unix:", False),
    ],
)
def test_an_address_is_in_a_network_or_not(address: str, is_in: bool) -> None:
    assert allows("192.0.2.0/24 2001:db8::/32", address) is is_in


def test_a_token_works_from_its_networks_only_and_a_call_from_elsewhere_is_noted() -> None:
    idp = limited(make_idp(), networks="192.0.2.0/24")
    provider_contacts.watch(idp.provider, actor=OPERATOR)  # type: ignore[arg-type]
    answer = idp.post("/Users", user_body("ann"))
    assert (answer.status_code, answer.json()["status"]) == (403, "403")
    there = IdP(idp.secret, client=Client(REMOTE_ADDR="192.0.2.9"), provider=idp.provider)
    assert there.get("/Users").json()["totalResults"] == 0
    traces.flush()
    event = AuditEvent.objects.get(action="scim_token.elsewhere")
    assert (event.identity_provider_id, event.origin.address) == (idp.provider.pk, "127.0.0.1")  # type: ignore[union-attr]
    assert SCIMToken.objects.get().last_used_from == "192.0.2.9"
    assert list(ReceivedRequest.objects.order_by("pk").values_list("status", flat=True)) == [403, 200]


def test_a_trust_issues_to_its_networks_only_and_its_tokens_work_from_there() -> None:
    workload = Workload(trust_of(make_idp(), networks="192.0.2.0/24"))
    assert refusal(workload.ask()) == (401, "invalid_client")
    assert SCIMTrust.objects.get().refusal_in_words.startswith("It was sent from 127.0.0.1")
    there = Workload(workload.trust, client=Client(REMOTE_ADDR="192.0.2.9"))
    secret = there.idp().secret
    assert IdP(secret).get("/Users").status_code == 403
    assert IdP(secret, client=Client(REMOTE_ADDR="192.0.2.9")).get("/Users").status_code == 200


def test_other_networks_of_a_trust_bind_the_tokens_that_it_issued() -> None:
    workload = Workload(trust_of(make_idp()))
    idp = workload.idp()
    assert idp.get("/Users").status_code == 200
    edited(workload.trust, networks="192.0.2.0/24", is_read_only=True)
    assert idp.get("/Users").status_code == 403
    assert IdP(idp.secret, client=Client(REMOTE_ADDR="192.0.2.9")).get("/Users").status_code == 200


# --- reading only ---


def test_a_token_that_only_reads_changes_nothing() -> None:
    provider = make_idp()
    user, group = (sent := limited(provider)).user("ann"), sent.group("Staff")
    idp = limited(provider, is_read_only=True)
    for read in each(
        [
            lambda: idp.get("/Users"),
            lambda: idp.get(f"/Users/{user['id']}"),
            lambda: idp.get("/ServiceProviderConfig"),
            lambda: idp.post("/Users/.search", SEARCH),
            lambda: idp.post("/.search/", SEARCH),
        ],
        at_least=5,
    ):
        assert read().status_code == 200
    for write in each(
        [
            lambda: idp.post("/Users", user_body("bob")),
            lambda: idp.put(f"/Users/{user['id']}", user_body("ann", title="x")),
            lambda: idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}),
            lambda: idp.delete(f"/Users/{user['id']}"),
            lambda: idp.delete(f"/Groups/{group['id']}"),
            lambda: idp.post("/Bulk", {"Operations": []}),
            lambda: idp.send("PATCH", "/Users/.search", {}),
        ],
        at_least=7,
    ):
        assert write().json()["detail"] == "This token only reads; nothing has been changed."
        assert write().status_code == 403
    assert sent.found('userName eq "bob"') == []
    assert sent.get(f"/Users/{user['id']}").json() == user


def test_a_trust_can_issue_tokens_that_only_read() -> None:
    idp = Workload(trust_of(make_idp(), is_read_only=True)).idp()
    assert idp.get("/Users").status_code == 200
    assert idp.post("/Users", user_body("ann")).status_code == 403


# --- changing a token's limits ---


def test_a_token_s_limits_change_at_once_and_are_recorded() -> None:
    idp = limited(make_idp())
    token = SCIMToken.objects.get()
    scim_tokens.edit_token(token, label="new", networks="10.0.0.0/8", is_read_only=True, actor=OPERATOR)
    assert idp.get("/Users").status_code == 403
    event = AuditEvent.objects.get(action="scim_token.edited")
    assert event.details["networks"] == {"from": "", "to": "10.0.0.0/8"}
    assert event.details["is_read_only"] == {"from": False, "to": True}


def test_widening_a_token_of_privileged_people_takes_an_owner() -> None:
    provider = make_idp()
    limited(provider, is_read_only=True)
    make_user("boss", role="administrator", managed_by=provider)
    with pytest.raises(Refused):
        scim_tokens.edit_token(
            SCIMToken.objects.get(), label="", networks="", is_read_only=False, actor=administrator()
        )


# --- without tokens that are pasted ---


def static_tokens(provider: IdentityProvider, refused: bool, actor: Any = OPERATOR) -> None:
    identity_providers.edit_identity_provider(
        provider,
        name=provider.name,
        kind=provider.kind,
        asks_before_adopting=False,
        refuses_static_tokens=refused,
        actor=actor,
    )


def test_a_provider_can_take_access_tokens_alone() -> None:
    workload = Workload(trust_of(make_idp()))
    mine, pasted = workload.idp(), limited(workload.trust.identity_provider)
    static_tokens(workload.trust.identity_provider, True)
    answer = pasted.get("/Users")
    assert answer.status_code == 401
    assert "oauth-authorization-server" in answer.json()["detail"]
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert mine.get("/Users").status_code == 200
    with pytest.raises(Refused) as raised:
        limited(workload.trust.identity_provider)
    assert raised.value.code == "static_tokens_refused"
    static_tokens(workload.trust.identity_provider, False)
    assert pasted.get("/Users").status_code == 200


def test_tokens_can_be_switched_off_only_once_a_trust_has_worked() -> None:
    workload = Workload(trust_of(make_idp()))
    with pytest.raises(InvalidValue):
        static_tokens(workload.trust.identity_provider, True)
    workload.idp()
    static_tokens(workload.trust.identity_provider, True)


def test_for_privileged_people_only_an_owner_switches_tokens_off_or_on() -> None:
    workload = Workload(trust_of(make_idp()))
    workload.idp()
    make_user("boss", role="administrator", managed_by=workload.trust.identity_provider)
    with pytest.raises(Refused):
        static_tokens(workload.trust.identity_provider, True, administrator())
