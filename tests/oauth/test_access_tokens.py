"""R29: an assertion gets an access token, which lasts an hour and belongs to its trust."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from identity.core import secrets
from identity.core.actors import Person
from identity.core.errors import InvalidValue, Outdated, Refused
from identity.models import AuditEvent, SCIMToken, SCIMTrust, SpentAssertion
from identity.services import scim_trusts, traces
from identity.services.scim_trusts import TrustSettings
from portal.oauth.requests import JWT_BEARER
from portal.project.logging import redact
from tests import clock
from tests.clients import idp_of
from tests.factories import OPERATOR, administrator, make_idp, make_owner, make_user, set_mode
from tests.loops import each
from tests.oauth.workloads import AUDIENCE, ISSUER, SUBJECT, Workload, key_set, public_key, refusal, trust_of
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def workload() -> Workload:
    return Workload(trust_of(make_idp("Entra ID", kind="entra")))


def test_an_assertion_gets_a_token_that_works_at_scim(workload: Workload) -> None:
    answer = workload.ask()
    body = answer.json()
    assert answer.status_code == 200
    assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "scim")
    assert secrets.looks_like_token(body["access_token"], secrets.ACCESS_PREFIX)
    idp = workload.idp()
    assert idp.user("ann")["userName"] == "ann"
    assert SCIMToken.objects.get(digest=secrets.digest(idp.secret)).last_used_at is not None


def test_only_a_digest_is_kept_and_logs_redact_both(workload: Workload) -> None:
    assertion = workload.assertion()
    secret = workload.ask(assertion).json()["access_token"]
    assert secret not in str(list(SCIMToken.objects.values()))
    told = redact(f"{secret} {assertion}")
    assert secret not in told
    assert assertion not in told


def test_an_access_token_lasts_an_hour(workload: Workload) -> None:
    idp = workload.idp()
    with clock.ago(hours=1, seconds=1):
        old = workload.idp()
    assert idp.get("/Users").status_code == 200
    assert old.get("/Users").status_code == 401


def test_access_tokens_end_with_their_trust_and_with_their_provider(workload: Workload) -> None:
    idp, other = workload.idp(), Workload(trust_of(workload.trust.identity_provider, audiences="other"))
    scim_trusts.delete_trust(workload.trust, actor=OPERATOR)
    assert idp.get("/Users").status_code == 401
    still = other.idp()
    assert still.get("/Users").status_code == 200
    other.trust.identity_provider.delete()
    assert still.get("/Users").status_code == 401


@pytest.mark.parametrize(
    ("changes", "goes_on"),
    [({"label": "Renamed"}, True), ({"subject": "other"}, False), ({"key_set": key_set("k2")}, False)],
)
def test_what_was_issued_under_other_conditions_ends(
    workload: Workload, changes: dict[str, Any], goes_on: bool
) -> None:
    idp = workload.idp()
    names = TrustSettings.__dataclass_fields__
    said = {name: getattr(workload.trust, name) for name in names} | changes
    scim_trusts.edit_trust(workload.trust, said=TrustSettings(**said), actor=OPERATOR)
    assert (idp.get("/Users").status_code == 200) is goes_on


def test_nothing_is_issued_for_what_was_checked_before_a_change(workload: Workload) -> None:
    checked = SCIMTrust.objects.get(pk=workload.trust.pk)
    said = TrustSettings(issuer=ISSUER, subject="other", key_set=key_set())
    scim_trusts.edit_trust(workload.trust, said=said, actor=OPERATOR)
    with pytest.raises(Outdated):
        scim_trusts.issue_token(checked, assertion_id="1", good_until=timezone.now())


def test_with_scim_off_an_access_token_is_answered_as_any_other(workload: Workload) -> None:
    idp = workload.idp()
    set_mode(scim=False)
    assert idp.get("/Users").status_code == 403


def test_a_trust_reaches_its_own_provider_only(workload: Workload) -> None:
    other = Workload(trust_of(make_idp("Okta"), issuer="https://okta.example"))
    theirs = other.idp().user("theirs")
    mine = workload.idp()
    assert mine.get(f"/Users/{theirs['id']}").status_code == 404
    assert mine.found('userName eq "theirs"') == []


def test_the_grant_with_an_assertion_needs_no_client_id(workload: Workload) -> None:
    body = {"grant_type": JWT_BEARER, "assertion": workload.assertion()}
    answer = workload.post(urlencode(body))
    assert answer.status_code == 200
    assert refusal(workload.post(urlencode(body))) == (400, "invalid_grant")


def test_without_a_client_id_two_trusts_of_one_issuer_and_subject_are_not_told_apart(workload: Workload) -> None:
    Workload(trust_of(make_idp("Another"), audiences="other"))
    assert refusal(workload.ask(client_id=None)) == (401, "invalid_client")
    assert workload.ask().status_code == 200


def test_an_empty_issuer_and_subject_are_the_client_id_and_the_audience_is_the_portal() -> None:
    """As private_key_jwt has it (OpenID Connect Core section 9)."""
    workload = Workload(trust_of(make_idp(), issuer="", subject="", audiences=""))
    for audience in (f"{settings.PUBLIC_URL}/scim/oauth/token", settings.PUBLIC_URL):
        assert workload.ask(workload.assertion(aud=audience), client_id=None).status_code == 200
    assert refusal(workload.ask(workload.assertion(aud="https://elsewhere.example"))) == (401, "invalid_client")


def test_the_metadata_lead_to_the_token_endpoint() -> None:
    answer = Client().get("/.well-known/oauth-authorization-server")
    document = answer.json()
    assert document["issuer"] == settings.PUBLIC_URL
    assert document["token_endpoint"] == f"{settings.PUBLIC_URL}/scim/oauth/token"
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "none" not in document["token_endpoint_auth_signing_alg_values_supported"]
    assert Client().post("/.well-known/oauth-authorization-server").status_code == 405


def test_a_request_with_an_access_token_costs_what_one_with_a_made_token_costs(workload: Workload) -> None:
    counted = []
    for idp in (workload.idp(), idp_of(workload.trust.identity_provider)):
        idp.get("/Users")
        with statements() as seen:
            idp.get("/Users", count=0)
        counted.append(len(seen))
    assert counted[0] == counted[1]


# --- entra id ---


def test_an_audience_of_entra_id_is_known_in_all_its_forms() -> None:
    application = "b5ba7a93-4452-4522-aeb4-a2b5da870c16"
    workload = Workload(trust_of(make_idp(kind="entra"), audiences=f"api://{application}/.default", requires_id=False))
    for audience in (application, f"api://{application}", f"api://{application}/.default"):
        assert workload.ask(workload.assertion(aud=audience, jti=None, ver="2.0")).status_code == 200
    other = workload.assertion(aud="b5ba7a93-4452-4522-aeb4-a2b5da870c17")
    assert refusal(workload.ask(other)) == (401, "invalid_client")


def test_without_an_id_an_assertion_works_until_it_expires(workload: Workload) -> None:
    """Entra ID's have none, and are sent again while they are valid."""
    workload = Workload(trust_of(make_idp(kind="entra"), requires_id=False))
    assertion = workload.assertion(jti=None)
    assert [workload.ask(assertion).status_code for _ in range(2)] == [200, 200]
    assert SpentAssertion.objects.count() == 0


def test_the_party_that_asked_for_the_assertion_can_be_named() -> None:
    workload = Workload(trust_of(make_idp(), authorized_party="app"))
    for claims in ({"azp": "app"}, {"appid": "app"}):
        assert workload.ask(workload.assertion(**claims)).status_code == 200
    for claims in ({}, {"azp": "other"}, {"azp": "app", "appid": "other"}):
        assert refusal(workload.ask(workload.assertion(**claims))) == (401, "invalid_client")


# --- keeping trusts ---


@pytest.mark.parametrize(
    ("said", "attribute"),
    [
        ({"key_set": ""}, "key set URL"),
        ({"key_set": key_set(), "key_set_url": "https://issuer.example/keys"}, "key set URL"),
        ({"key_set": "", "key_set_url": "http://issuer.example/keys"}, "key set URL"),
        ({"key_set": "-----BEGIN PUBLIC KEY-----"}, "key set"),
        ({"key_set": "[]"}, "key set"),
        ({"key_set": "7"}, "key set"),
        ({"key_set": '{"keys": []}'}, "key set"),
        ({"key_set": '{"keys": ["k1"]}'}, "key set"),
        ({"key_set": json.dumps({"keys": [public_key() | {"d": "AQAB"}]})}, "key set"),
        ({"key_set": '{"kty": "oct", "k": "c2VjcmV0"}'}, "key set"),
        ({"key_set": '{"kty": "RSA"}'}, "key set"),
        ({"key_set": json.dumps({"keys": [public_key()] * 51})}, "key set"),
        ({"key_set": " " * 70_000 + "{}"}, "key set"),
        ({"issuer": "a" * 501}, "issuer"),
        ({"subject": "a\0b"}, "subject"),
        ({"audiences": "\n".join(map(str, range(11)))}, "audiences"),
    ],
)
def test_what_makes_no_trust_is_refused(said: dict[str, Any], attribute: str) -> None:
    with pytest.raises(InvalidValue) as raised:
        trust_of(make_idp(), **{"key_set": key_set(), **said})
    assert raised.value.attribute == attribute


def test_a_single_key_is_a_set_of_one() -> None:
    trust = trust_of(make_idp(), key_set=json.dumps(public_key()))
    assert [key["kid"] for key in json.loads(trust.key_set)["keys"]] == ["k1"]
    assert Workload(trust).ask().status_code == 200


def test_for_a_provider_of_privileged_people_it_takes_an_owner_to_trust() -> None:
    idp = make_idp()
    trust = trust_of(idp)
    make_user("boss", role="administrator", managed_by=idp)
    for attempt in each(
        [
            lambda: trust_of_by(administrator(), idp),
            lambda: scim_trusts.edit_trust(trust, said=TrustSettings(key_set=key_set()), actor=administrator()),
        ],
        at_least=2,
    ):
        with pytest.raises(Refused):
            attempt()
    trust_of_by(Person(make_owner()), idp)
    scim_trusts.delete_trust(trust, actor=administrator())


def trust_of_by(actor: Person, idp: Any) -> None:
    scim_trusts.create_trust(idp, said=TrustSettings(key_set=key_set()), actor=actor)


def test_what_is_done_to_a_trust_is_recorded_and_told_to_the_owners(django_capture_on_commit_callbacks: Any) -> None:
    make_owner("olga")
    with django_capture_on_commit_callbacks(execute=True):
        trust = trust_of(make_idp())
        scim_trusts.edit_trust(trust, said=TrustSettings(label="New", key_set=key_set()), actor=OPERATOR)
        scim_trusts.delete_trust(trust, actor=OPERATOR)
    events = AuditEvent.objects.filter(action__startswith="scim_trust.").order_by("pk")
    assert [event.action for event in events] == ["scim_trust.created", "scim_trust.edited", "scim_trust.deleted"]
    assert events[1].details["issuer"] == {"from": ISSUER, "to": ""}
    assert [message.to for message in mail.outbox] == [["olga@example.test"]] * 3


def test_the_audit_log_names_pasted_keys_by_their_thumbprints() -> None:
    """The key of RFC 7638 section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
        "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM"
        "QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz"
        "KnqDKgw"
    )
    trust_of(
        make_idp(), key_set=json.dumps({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    )
    event = AuditEvent.objects.get(action="scim_trust.created")
    assert event.details["key_set"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_what_is_issued_and_refused_is_counted_in_the_audit_log(workload: Workload) -> None:
    workload.ask()
    workload.ask()
    workload.ask(workload.assertion(sub="other"))
    workload.ask(client_id="nobody")
    traces.flush()
    events = AuditEvent.objects.filter(actor_kind="visitor").order_by("pk")
    told = [(event.action, event.identity_provider_id, event.details) for event in events]
    idp, trust = workload.trust.identity_provider_id, workload.trust.pk
    assert told == [
        ("scim_trust.accepted", idp, {"trust": trust}),
        ("scim_trust.refused", idp, {"trust": trust, "check": "subject"}),
        ("scim_trust.refused", None, {"check": "client"}),
    ]
    assert events[0].origin.times == 2


def test_the_last_refusal_is_kept_with_what_was_received(workload: Workload) -> None:
    workload.ask(workload.assertion(sub="other"))
    trust = SCIMTrust.objects.get()
    assert trust.is_failing
    assert (trust.last_refusal or {})["check"] == "subject"
    assert trust.refusal_in_words == f"The subject (sub) is other, expected {SUBJECT}."
    workload.ask()
    assert not SCIMTrust.objects.get().is_failing


def test_nothing_unsigned_is_quoted(workload: Workload) -> None:
    workload.ask(workload.assertion(key=None, sub="forged").rpartition(".")[0] + ".AAAA")
    assert "forged" not in SCIMTrust.objects.get().refusal_in_words


def test_used_assertions_and_expired_tokens_are_forgotten(workload: Workload) -> None:
    with clock.ago(hours=3):
        workload.idp().get("/Users")
        workload.ask()
    assert scim_trusts.forget_spent_assertions() == 2
    workload.ask()
    used = SCIMToken.objects.exclude(last_used_at=None)
    assert (SCIMToken.objects.count(), used.count()) == (2, 1)  # the one that tells when it was last heard stays
    assert SpentAssertion.objects.get().expires_at > timezone.now() + timedelta(minutes=4)


def test_audience_is_compared_whole(workload: Workload) -> None:
    for audience in (AUDIENCE + "/", AUDIENCE[:-1], AUDIENCE.upper(), "", None, [], [AUDIENCE, "other"], 7, {}):
        assert refusal(workload.ask(workload.assertion(aud=audience))) == (401, "invalid_client")
    assert workload.ask(workload.assertion(aud=[AUDIENCE])).status_code == 200
