"""What browsers answer about passkeys is read as it is meant, and whatever is wrong with it is one error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.core import webauthn
from identity.core.errors import InvalidValue
from tests.authenticator import Authenticator, Key, b64, cbor, es256, unb64
from tests.examples import SQLITE, examples
from tests.loops import each
from tests.passkeys import at_localhost, portal_at

pytestmark = pytest.mark.once

CHALLENGE = b64(b"challenge")


_address = at_localhost


def asked() -> dict[str, Any]:
    return webauthn.creation_options(
        challenge=CHALLENGE, user_handle=b64(b"handle"), username="mia", display_name="Mia", known=[]
    )


def made(device: Authenticator, **bent: Any) -> webauthn.NewKey:
    return webauthn.read_new_key(json.dumps(device.make(asked(), **bent)), challenge=CHALLENGE)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://portal.example.com", ""),
        ("https://portal.example.com:8443", ""),
        ("http://localhost:8000", ""),
        ("http://gatehouse.localhost:8000", ""),
        ("http://portal.example.com", "Passkeys need HTTPS, and this portal isn't served over it."),
        ("http://127.0.0.1:8000", "Passkeys need a host name, and this portal's address is an IP address."),
        ("https://[2001:db8::1]", "Passkeys need a host name, and this portal's address is an IP address."),
    ],
)
def test_passkeys_work_where_browsers_use_them(address: str, why: str) -> None:
    with portal_at(address):
        assert webauthn.why_not_here() == why


def bad_keys() -> dict[str, Key]:
    good = es256()
    return {
        "of an algorithm that was not asked for": Key(good.private, {**good.cose, 3: -65535}),
        "of no algorithm": Key(good.private, {1: 2}),
        "off its curve": Key(good.private, {**good.cose, -2: bytes(32)}),
        "too short": Key(good.private, {**good.cose, -3: b"1"}),
        "of another shape": Key(good.private, {**good.cose, -1: "P-256"}),
        "too big to check": Key(good.private, {1: 3, 3: -257, -1: b"\xff" * 1024, -2: b"\x01\x00\x01"}),
    }


@pytest.mark.parametrize("kind", bad_keys())
def test_a_key_that_could_not_be_checked_is_not_taken(kind: str) -> None:
    with pytest.raises(InvalidValue):
        made(Authenticator(key=bad_keys()[kind]))


@pytest.mark.parametrize("length", [0, 1024])
def test_a_credential_id_has_the_length_of_one(length: int) -> None:
    with pytest.raises(InvalidValue):
        made(Authenticator(id=bytes(length)))


def test_whatever_attestation_a_browser_sends_is_not_looked_at() -> None:
    assert made(Authenticator(), fmt="packed", attStmt={"alg": -7, "sig": b"x"}).sign_count == 0


def test_an_answer_without_a_key_brings_none() -> None:
    data = Authenticator().sign(asked())["response"]["authenticatorData"]
    with pytest.raises(InvalidValue):
        made(Authenticator(), authData=unb64(data))


def good_answers() -> list[dict[str, Any]]:
    device = Authenticator()
    with portal_at():
        return [device.make(asked()), device.sign(asked())]


MADE, SIGNED = good_answers()
MISSHAPEN: list[Any] = ["", "null", "[]", "{", '"x"', "1" * 5_000, "[" * 20_000, "{}", '{"response": []}', "x" * 40_000]


def readings(answer: str) -> Iterator[Callable[[], Any]]:
    """Every way that an answer is read."""
    given = {"challenge": CHALLENGE}
    key = {"credential_id": b64(b"id"), "public_key": b64(cbor(es256().cose))}
    yield lambda: webauthn.read_new_key(answer, **given)
    yield lambda: webauthn.named_in(answer)
    yield lambda: webauthn.read_use(answer, **given, **key, must_verify=True)


@pytest.mark.parametrize("answer", MISSHAPEN, ids=lambda text: text[:12])
def test_what_is_no_answer_is_refused(answer: str) -> None:
    for read in each(readings(answer), at_least=3):
        with pytest.raises(InvalidValue):
            read()


@pytest.mark.parametrize("good", [MADE, SIGNED], ids=["made", "signed"])
@pytest.mark.parametrize("value", [None, 7, "", "!", [], {}, "AA", True])
def test_a_member_of_another_shape_is_refused_or_read(good: dict[str, Any], value: Any) -> None:
    """Never anything but the one error."""
    for part in (good, good["response"]):
        for name in part:
            bent = {**good, "response": {**good["response"]}}
            (bent if part is good else bent["response"])[name] = value
            for read in readings(json.dumps(bent)):
                with suppress(InvalidValue):
                    read()


@given(st.data())
@examples(100, home=SQLITE)
def test_no_bytes_of_an_answer_make_another_error(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([MADE, SIGNED]))
    name = data.draw(st.sampled_from(sorted(good["response"])))
    raw = bytearray(unb64(good["response"][name]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    bent = {**good, "response": {**good["response"], name: b64(bytes(raw))}}
    for read in readings(json.dumps(bent)):
        with suppress(InvalidValue):
            read()


@pytest.mark.parametrize(
    "data",
    [
        cbor([[]]) * 3,
        b"\x81" * 5_000,
        b"\x9b" + b"\xff" * 8,
        b"\xbb" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8,
        b"\x19",
        b"",
    ],
)
def test_malformed_cbor_is_refused(data: bytes) -> None:
    bent = {**MADE, "response": {**MADE["response"], "attestationObject": b64(data)}}
    with pytest.raises(InvalidValue):
        webauthn.read_new_key(json.dumps(bent), challenge=CHALLENGE)
