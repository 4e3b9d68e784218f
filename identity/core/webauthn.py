"""Passkeys as browsers handle them (WebAuthn level 3): options for the browser, and checks of its answer.

The only module that uses the library. It reads CBOR and checks signatures, challenge, RP ID and flags; the exact
origin, the algorithms and key sizes are checked here. Every invalid answer raises the same error, without
details.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)

from identity.core.errors import InvalidValue

SECONDS = 5 * 60  # for a person to answer the prompt
ALGORITHMS = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
LONGEST_ANSWER = 32_768
LONGEST_ID = 1_023  # bytes (section 4, "credential ID")
LONGEST_KEY = 700  # bytes: RSA of 4,096 bits has 530
TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})

# What the library and its dependencies raise on input that no authenticator sends.
_MALFORMED = (
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A newly created passkey: its id and public key as stored, and what the authenticator reported."""

    credential_id: str
    public_key: str
    sign_count: int
    is_synced: bool
    transports: list[str]


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """What a passkey reported when it signed."""

    sign_count: int
    is_synced: bool


def why_not_here() -> str:
    """Why browsers can't use passkeys at this portal's address; empty when they can.

    Browsers require a host name, never an IP address, and TLS except on localhost (section 5.1.3).
    """
    host = settings.PUBLIC_HOST
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        if settings.IS_HTTPS or host == "localhost" or host.endswith(".localhost"):
            return ""
        return "Passkeys need HTTPS, and this portal isn't served over it."
    return "Passkeys need a host name, and this portal's address is an IP address."


def new_challenge() -> str:
    return secrets.token_urlsafe(32)


def new_user_handle() -> str:
    """A user's id on their authenticators: random, so that it reveals nothing (section 14.6.1)."""
    return secrets.token_urlsafe(32)


def creation_options(
    *, challenge: str, user_handle: str, username: str, display_name: str, known: Iterable[str]
) -> dict[str, Any]:
    """The argument of `navigator.credentials.create`, in JSON (section 5.1.8); `known`: ids of existing passkeys."""
    return {
        "rp": {"id": _rp_id(), "name": settings.TOTP_ISSUER},
        "user": {"id": user_handle, "name": username, "displayName": display_name},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": SECONDS * 1000,
        "excludeCredentials": [{"type": "public-key", "id": credential_id} for credential_id in known],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(
    *, challenge: str, must_verify: bool, known: Iterable[tuple[str, list[str]]] = ()
) -> dict[str, Any]:
    """The argument of `navigator.credentials.get`; `known`: ids and transports of the allowed passkeys, if limited."""
    return {
        "rpId": _rp_id(),
        "challenge": challenge,
        "timeout": SECONDS * 1000,
        "userVerification": "required" if must_verify else "preferred",
        "allowCredentials": [{"type": "public-key", "id": id, "transports": transports} for id, transports in known],
    }


def read_new_key(answer: str, *, challenge: str) -> NewKey:
    """The passkey that a browser created for this challenge. Raises InvalidValue."""
    with _malformed_is_refused():
        said = _read(answer)
        response = RegistrationResponse.from_dict(said)
        data = _server().register_complete(_state(challenge, must_verify=True), response)
        _require_ours(response.response.client_data, data)
        made = data.credential_data
        if made is None or not _is_good(made):
            raise ValueError("no key, or one of a kind that was not asked for")
        return NewKey(
            credential_id=websafe_encode(made.credential_id),
            public_key=websafe_encode(cbor.encode(made.public_key)),
            sign_count=data.counter,
            is_synced=data.is_backed_up(),
            transports=sorted(TRANSPORTS.intersection(map(str, said["response"].get("transports") or ()))),
        )


def named_in(answer: str) -> tuple[str, str]:
    """The passkey id and the user handle, if any, that an answer claims. Raises InvalidValue."""
    with _malformed_is_refused():
        response = AuthenticationResponse.from_dict(_read(answer))
        return websafe_encode(response.raw_id), websafe_encode(response.response.user_handle or b"")


def challenge_in(answer: str) -> str:
    """The challenge that an answer claims to be for. Raises InvalidValue."""
    with _malformed_is_refused():
        response = AuthenticationResponse.from_dict(_read(answer))
        return websafe_encode(response.response.client_data.challenge)


def read_use(answer: str, *, challenge: str, credential_id: str, public_key: str, must_verify: bool) -> PasskeyUse:
    """What this passkey signed for this challenge. Raises InvalidValue.

    `must_verify`: the authenticator must have checked a PIN, fingerprint or face. The caller judges the counter.
    """
    with _malformed_is_refused():
        response = AuthenticationResponse.from_dict(_read(answer))
        key = AttestedCredentialData.create(Aaguid.NONE, websafe_decode(credential_id), _key(public_key))
        _server().authenticate_complete(_state(challenge, must_verify=must_verify), [key], response)
        data = response.response.authenticator_data
        _require_ours(response.response.client_data, data)
        return PasskeyUse(sign_count=data.counter, is_synced=data.is_backed_up())


@contextmanager
def _malformed_is_refused() -> Iterator[None]:
    try:
        yield
    except _MALFORMED as error:
        raise InvalidValue("This passkey", "was not accepted") from error


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("longer than any authenticator's answer")
    said = json.loads(answer)
    return {**said, "response": {**said["response"]}}


def _require_ours(client: CollectedClientData, data: AuthenticatorData) -> None:
    """What the library does not check: embedding by another site, and backup of a key that can't be backed up."""
    if client.cross_origin or (data.is_backed_up() and not data.is_backup_eligible()):
        raise ValueError("not a browser's answer to this portal's own page")


def _is_good(made: AttestedCredentialData) -> bool:
    """A key with a requested algorithm, a size that is quick to verify, and a point on its curve."""
    key = made.public_key
    if key.get(3) not in ALGORITHMS or len(cbor.encode(key)) > LONGEST_KEY:
        return False
    with suppress(InvalidSignature):
        key.verify(b"", b"")
    return 0 < len(made.credential_id) <= LONGEST_ID


def _key(public_key: str) -> CoseKey:
    return CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(websafe_decode(public_key))))


def _state(challenge: str, *, must_verify: bool) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": "required" if must_verify else None}


def _server() -> Fido2Server:
    party = PublicKeyCredentialRpEntity(name=settings.TOTP_ISSUER, id=_rp_id())
    return Fido2Server(party, verify_origin=lambda origin: origin == _origin())


def _rp_id() -> str:
    """The portal's own host, as browsers write it."""
    host: str = settings.PUBLIC_HOST
    return host if host.isascii() else host.encode("idna").decode()


def _origin() -> str:
    """From PUBLIC_URL, never from a request (SR-31); a default port is omitted."""
    port = settings.PUBLIC.port
    default = 443 if settings.IS_HTTPS else 80
    return f"{settings.PUBLIC.scheme}://{_rp_id()}{f':{port}' if port not in (None, default) else ''}"
