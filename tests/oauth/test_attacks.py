"""Forged, stolen and malformed assertions and requests (RFC 8725, RFC 7523 section 8, RFC 6749 section 10)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.test import Client
from requests.exceptions import ConnectionError

from identity.models import SCIMToken, SCIMTrust
from portal.oauth.requests import ASSERTION_TYPE, FORM, MOST_BYTES
from portal.session import throttle
from portal.sso.outgoing import GuardedSession
from tests import clock
from tests.factories import make_idp
from tests.loops import each
from tests.oauth.workloads import TOKEN, Workload, key_set, public_key, refusal, trust_of
from tests.sso.conftest import Answer
from tests.sso.keys import signing_key

pytestmark = pytest.mark.django_db
URL = "https://issuer.example/keys"


@pytest.fixture
def workload() -> Workload:
    return Workload(trust_of(make_idp()))


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(workload: Workload, **header: Any) -> str:
    """A good assertion's claims under another header, without a signature."""
    claims = workload.assertion().split(".")[1]
    return f"{part({'typ': 'JWT', **header})}.{claims}."


def with_public_key_as_secret(workload: Workload) -> str:
    """HS256 with what everybody knows: libraries that take the algorithm from the header believe it (CVE-2015-9235)."""
    public = signing_key("k1").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return by_hs256(workload, pem)


def by_hs256(workload: Workload, secret: bytes) -> str:
    signed = unsigned(workload, alg="HS256", kid="k1").rstrip(".")
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{signed}.{part(algorithm.sign(signed.encode(), secret))}"


def with_own_key(workload: Workload, **header: Any) -> str:
    """Signed with the attacker's key, which the header offers."""
    return Workload(workload.trust, key="attacker").assertion(headers={"kid": "k1", **header})


FORGED: dict[str, tuple[str, Callable[[Workload], str]]] = {
    "none": ("algorithm", lambda w: unsigned(w, alg="none")),
    "None": ("algorithm", lambda w: unsigned(w, alg="nOnE", kid="k1")),
    "no algorithm": ("algorithm", lambda w: unsigned(w, kid="k1")),
    "a list of algorithms": ("algorithm", lambda w: unsigned(w, alg=["RS256"])),
    "HS256 with the public key": ("algorithm", with_public_key_as_secret),
    "HS256 with nothing": ("algorithm", lambda w: by_hs256(w, b"")),
    "no signature": ("signature", lambda w: w.assertion().rpartition(".")[0] + "."),
    "another's key": ("signature", with_own_key),
    "jwk": ("signature", lambda w: with_own_key(w, jwk=public_key("attacker"))),
    "jku": ("signature", lambda w: with_own_key(w, jku="https://attacker.example/keys")),
    "x5u": ("signature", lambda w: with_own_key(w, x5u="https://attacker.example/certificate")),
    "x5c": ("signature", lambda w: with_own_key(w, x5c=["MIIB"])),
    "unknown kid": ("key", lambda w: w.assertion(headers={"kid": "k2"})),
    "kid with a path": ("key", lambda w: w.assertion(headers={"kid": "../../../../dev/null"})),
    "kid with SQL": ("key", lambda w: w.assertion(headers={"kid": "' OR '1'='1"})),
    "kid with NUL": ("key", lambda w: w.assertion(headers={"kid": "k1\0"})),
    "kid that is no text": ("form", lambda w: unsigned(w, alg="RS256", kid={"a": 1})),
    "critical extension": ("form", lambda w: unsigned(w, alg="RS256", kid="k1", crit=["exp"], exp=1)),
    "detached": ("form", lambda w: unsigned(w, alg="RS256", kid="k1", b64=False, crit=["b64"])),
    "changed claims": (
        "signature",
        lambda w: ".".join([w.assertion().split(".")[0], part({"iss": "x"}), w.assertion().split(".")[2]]),
    ),
    "not a token": ("form", lambda w: "eyJ"),
    "three dots": ("form", lambda w: "..."),
    "encrypted": ("form", lambda w: f"{part({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.a.b.c.d"),
    "deep header": ("form", lambda w: f"{part(b'[' * 5000)}.{part({})}.AAAA"),
    "claims that are a list": ("signature", lambda w: signed_payload(b"[]")),
    "huge": ("form", lambda w: w.assertion(padding="x" * 17_000)),
    "other issuer": ("issuer", lambda w: w.assertion(iss="https://issuer.example/tenant2")),
    "prefix of the issuer": ("issuer", lambda w: w.assertion(iss="https://issuer.example")),
    "no issuer": ("issuer", lambda w: w.assertion(iss=None)),
    "list of issuers": ("issuer", lambda w: w.assertion(iss=None, ISS=w.trust.issuer)),
    "other subject": ("subject", lambda w: w.assertion(sub=w.trust.subject.upper())),
    "no subject": ("subject", lambda w: w.assertion(sub=None)),
    "other audience": ("audience", lambda w: w.assertion(aud="api://another")),
    "longer audience": ("audience", lambda w: w.assertion(aud="api://gatehouse.attacker.example")),
    "several audiences": ("audience", lambda w: w.assertion(aud=["api://gatehouse", "api://another"])),
    "expired": ("time", lambda w: w.assertion(exp=int(time.time()) - 61)),
    "never expires": ("time", lambda w: w.assertion(exp=None)),
    "far future": ("time", lambda w: w.assertion(exp=int(time.time()) + 10 * 365 * 86400)),
    "made long ago": ("time", lambda w: w.assertion(iat=int(time.time()) - 86400)),
    "made tomorrow": ("time", lambda w: w.assertion(iat=int(time.time()) + 86400)),
    "valid later": ("time", lambda w: w.assertion(nbf=int(time.time()) + 120)),
    "expiry in words": ("time", lambda w: w.assertion(exp="tomorrow")),
    "infinite expiry": ("time", lambda w: w.assertion(exp=float("inf"))),
    "no number": ("time", lambda w: w.assertion(exp=float("nan"))),
    "true": ("time", lambda w: w.assertion(iat=True)),
    "no ID": ("id", lambda w: w.assertion(jti=None)),
    "empty ID": ("id", lambda w: w.assertion(jti="")),
    "long ID": ("id", lambda w: w.assertion(jti="x" * 256)),
    "ID that is a number": ("id", lambda w: raw(w, jti=7)),
}


def signed_payload(payload: bytes) -> str:
    signing = f"{part({'alg': 'RS256', 'kid': 'k1'})}.{part(payload)}"
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    return f"{signing}.{part(algorithm.sign(signing.encode(), signing_key('k1')))}"


def raw(workload: Workload, **claims: Any) -> str:
    """Claims that PyJWT would not encode."""
    whole = jwt.decode(workload.assertion(), options={"verify_signature": False}) | claims
    return signed_payload(json.dumps(whole).encode())


@pytest.mark.parametrize("name", FORGED)
def test_a_bad_assertion_is_refused_and_the_check_is_named(workload: Workload, name: str) -> None:
    check, forge = FORGED[name]
    assert refusal(workload.ask(forge(workload))) == (401, "invalid_client")
    kept = SCIMTrust.objects.get()
    assert (kept.last_refusal or {})["check"] == check
    assert kept.refusal_in_words
    assert not SCIMToken.objects.exists()


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "PS384"])
def test_rsa_signatures_of_the_list_are_accepted(workload: Workload, algorithm: str) -> None:
    assert workload.ask(workload.assertion(algorithm=algorithm)).status_code == 200


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("ES256", ec.generate_private_key(ec.SECP256R1())), ("EdDSA", ed25519.Ed25519PrivateKey.generate())],
)
def test_elliptic_signatures_of_the_list_are_accepted(algorithm: str, key: Any) -> None:
    kind = jwt.algorithms.ECAlgorithm if algorithm == "ES256" else jwt.algorithms.OKPAlgorithm
    public = kind.to_jwk(key.public_key(), as_dict=True) | {"kid": "k1"}
    workload = Workload(trust_of(make_idp(), key_set=json.dumps({"keys": [public]})))
    assert workload.ask(workload.assertion(algorithm=algorithm, key=key)).status_code == 200
    assert refusal(workload.ask()) == (401, "invalid_client")


def test_the_clocks_may_differ_by_a_minute(workload: Workload) -> None:
    now = int(time.time())
    assert workload.ask(workload.assertion(exp=now - 50)).status_code == 200
    assert workload.ask(workload.assertion(iat=now + 50, nbf=now + 50)).status_code == 200


def test_another_trust_s_assertion_is_refused(workload: Workload) -> None:
    other = Workload(trust_of(make_idp("Other"), issuer="https://other.example", key_set=key_set("k2")), key="k2")
    assert refusal(workload.ask(other.assertion())) == (401, "invalid_client")
    assert refusal(workload.ask(client_id=other.trust.client_id)) == (401, "invalid_client")


def test_an_assertion_works_once_wherever_it_is_presented(workload: Workload) -> None:
    twin = Workload(trust_of(make_idp("Twin")))
    assertion = workload.assertion()
    assert workload.ask(assertion).status_code == 200
    for replayed in (workload.ask(assertion), twin.ask(assertion)):
        assert refusal(replayed) == (401, "invalid_client")
    assert (SCIMTrust.objects.get(pk=twin.trust.pk).last_refusal or {})["check"] == "id"


def test_an_id_is_remembered_until_its_assertion_has_expired_with_all_skew(workload: Workload) -> None:
    assertion = workload.assertion(exp=int(time.time()) + 10)
    assert workload.ask(assertion).status_code == 200
    with clock.later(seconds=65):
        from identity.services import scim_trusts  # noqa: PLC0415

        scim_trusts.forget_spent_assertions()
        assert refusal(workload.ask(assertion)) == (401, "invalid_client")


# --- keys ---


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the issuer publishes, and how often it was asked."""
    said: dict[str, Any] = {"keys": [public_key()], "asked": 0}

    def get(self: GuardedSession, url: str, **options: Any) -> Answer:
        said["asked"] += 1
        if said["keys"] is None:
            raise ConnectionError("away")
        return Answer({"keys": said["keys"]})

    monkeypatch.setattr(GuardedSession, "get", get)
    return said


def of_published() -> Workload:
    return Workload(trust_of(make_idp(), key_set_url=URL))


def test_a_new_key_is_fetched_once_when_it_is_first_named(published: dict[str, Any]) -> None:
    workload = of_published()
    assert workload.ask().status_code == 200
    published["keys"] = [public_key(), public_key("k2")]
    rotated = Workload(workload.trust, key="k2")
    assert [rotated.ask().status_code for _ in range(3)] == [200, 200, 200]
    assert published["asked"] == 2


def test_a_key_that_is_published_no_more_is_refused_in_time(published: dict[str, Any]) -> None:
    workload = of_published()
    assert workload.ask().status_code == 200
    published["keys"] = [public_key("k2")]
    with clock.later(seconds=301):
        assert refusal(workload.ask()) == (401, "invalid_client")


def test_unknown_keys_make_no_flood_of_requests_to_the_issuer(published: dict[str, Any]) -> None:
    workload = of_published()
    for number in range(20):
        workload.ask(workload.assertion(headers={"kid": f"junk {number}"}))
    assert published["asked"] == 2


def test_while_the_key_set_is_away_known_keys_serve(published: dict[str, Any]) -> None:
    workload = of_published()
    assert workload.ask().status_code == 200
    published["keys"] = None
    with clock.later(seconds=301):
        assert workload.ask().status_code == 200
    with clock.later(hours=2):
        answer = workload.ask()
    assert refusal(answer) == (503, "temporarily_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert (SCIMTrust.objects.get().last_refusal or {})["check"] == "key"


@pytest.mark.parametrize("address", ["https://127.0.0.1/keys", "https://[::1]/keys", "https://169.254.169.254/keys"])
def test_keys_are_fetched_from_public_addresses_only(address: str) -> None:
    workload = Workload(trust_of(make_idp(), key_set_url=address))
    assert refusal(workload.ask()) == (503, "temporarily_unavailable")
    assert "private network" in SCIMTrust.objects.get().refusal_in_words


def test_a_published_key_that_is_too_short_signs_nothing(published: dict[str, Any]) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - as an issuer should not
    published["keys"] = [jwt.algorithms.RSAAlgorithm.to_jwk(short.public_key(), as_dict=True) | {"kid": "k1"}]
    signing = f"{part({'alg': 'RS256', 'kid': 'k1'})}.{of_published().assertion().split('.')[1]}"
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    workload = Workload(SCIMTrust.objects.get())
    forged = f"{signing}.{part(algorithm.sign(signing.encode(), short))}"
    assert refusal(workload.ask(forged)) == (401, "invalid_client")


def test_a_key_for_encryption_signs_nothing() -> None:
    keys = json.dumps({"keys": [public_key(use="enc")]})
    assert refusal(Workload(trust_of(make_idp(), key_set=keys)).ask()) == (401, "invalid_client")


def test_a_key_s_own_algorithm_is_the_only_one() -> None:
    workload = Workload(trust_of(make_idp(), key_set=json.dumps({"keys": [public_key(alg="PS256")]})))
    assert refusal(workload.ask()) == (401, "invalid_client")
    assert workload.ask(workload.assertion(algorithm="PS256")).status_code == 200


# --- requests ---


def test_what_is_no_request_for_a_token_is_told_as_rfc_6749_has_it(workload: Workload) -> None:
    good = {
        "grant_type": "client_credentials",
        "client_id": workload.trust.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": workload.assertion(),
    }
    body = urlencode(good)
    tried: dict[str, tuple[Callable[[], Any], tuple[int, str]]] = {
        "no grant": (lambda: workload.ask(grant_type=None), (400, "invalid_request")),
        "password": (lambda: workload.ask(grant_type="password"), (400, "unsupported_grant_type")),
        "code": (lambda: workload.ask(grant_type="authorization_code"), (400, "unsupported_grant_type")),
        "no assertion": (lambda: workload.ask(client_assertion=None), (401, "invalid_client")),
        "a secret": (lambda: workload.ask(client_assertion=None, client_secret="s"), (401, "invalid_client")),
        "empty assertion": (lambda: workload.ask(client_assertion=""), (401, "invalid_client")),
        "no type": (lambda: workload.ask(client_assertion_type=None), (400, "invalid_request")),
        "SAML": (
            lambda: workload.ask(client_assertion_type=ASSERTION_TYPE.replace("jwt", "saml2")),
            (400, "invalid_request"),
        ),
        "unknown client": (lambda: workload.ask(client_id="x"), (401, "invalid_client")),
        "client with NUL": (lambda: workload.ask(client_id="a\0b"), (401, "invalid_client")),
        "twice": (lambda: workload.post(f"{body}&client_id=other"), (400, "invalid_request")),
        "twice the same": (lambda: workload.post(f"{body}&grant_type=client_credentials"), (400, "invalid_request")),
        "in the address": (lambda: workload.post("", f"{TOKEN}?{body}"), (400, "invalid_request")),
        "also in the address": (lambda: workload.post(body, f"{TOKEN}?client_id=x"), (400, "invalid_request")),
        "JSON": (lambda: workload.post(json.dumps(good), kind="application/json"), (400, "invalid_request")),
        "multipart": (lambda: workload.post(body, kind="multipart/form-data; boundary=x"), (400, "invalid_request")),
        "no type of body": (lambda: workload.post(body, kind=""), (400, "invalid_request")),
        "bytes": (lambda: workload.post(b"grant_type=\xff"), (400, "invalid_request")),
        "bad escapes": (lambda: workload.post("grant_type=%ff"), (400, "invalid_request")),
        "many": (lambda: workload.post("&".join(f"a{n}=1" for n in range(50))), (400, "invalid_request")),
        "long": (lambda: workload.post(f"{body}&padding={'x' * MOST_BYTES}"), (413, "invalid_request")),
        "Basic": (lambda: workload.post(body, Authorization="Basic eDp5"), (401, "invalid_client")),
        "Bearer": (lambda: workload.post(body, Authorization="Bearer x"), (401, "invalid_client")),
        "nothing": (lambda: workload.post(""), (400, "invalid_request")),
    }
    found = {name: refusal(attempt()) for name, (attempt, _) in tried.items()}
    assert found == {name: expected for name, (_, expected) in tried.items()}
    assert not SCIMToken.objects.exists()
    assert workload.post(body).status_code == 200


def test_only_post_is_answered() -> None:
    for method in each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"], at_least=6):
        answer = Client().generic(method, TOKEN, content_type=FORM)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_flood_from_one_address_is_slowed_and_others_go_on(
    workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ACCESS_TOKENS_A_MINUTE", 3)
    for _ in range(3):
        workload.ask(client_id="x")
    answer = workload.ask()
    assert refusal(answer) == (429, "temporarily_unavailable")
    assert int(answer["Retry-After"]) > 0
    elsewhere = Workload(workload.trust, client=Client(REMOTE_ADDR="192.0.2.7"))
    assert elsewhere.ask().status_code == 200


def test_a_refusal_says_nothing_of_what_is_expected(workload: Workload) -> None:
    for claims in ({"iss": "x"}, {"sub": "x"}, {"aud": "x"}):
        said = workload.ask(workload.assertion(**claims)).content.decode()
        assert not any(value in said for value in (workload.trust.issuer, workload.trust.subject, "gatehouse"))
