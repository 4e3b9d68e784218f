"""An authenticator and the browser in front of it, for tests: makes passkeys and signs with them (WebAuthn level 3).

It writes CBOR and COSE by itself, so that what the portal reads is not judged by the library that reads it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

PRESENT, VERIFIED, MAY_SYNC, SYNCED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """What WebAuthn needs of RFC 8949."""
    match value:
        case int() if value >= 0:
            return _head(0, value)
        case int():
            return _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())
    raise TypeError(value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + number.to_bytes(size, "big")


@dataclass
class Key:
    """A private key (PKCS #8), and its public half as COSE has it."""

    private: bytes
    cose: dict[int, Any]

    def sign(self, data: bytes) -> bytes:
        match load_der_private_key(self.private, None):
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(data, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey() as key:
                return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PrivateKey() as key:
                return key.sign(data)
        raise TypeError("not a key that signs")


def _key(private: PrivateKeyTypes, cose: dict[int, Any]) -> Key:
    return Key(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), cose)


def es256() -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_numbers()
    return _key(private, {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})


def eddsa() -> Key:
    private = ed25519.Ed25519PrivateKey.generate()
    return _key(private, {1: 1, 3: -8, -1: 6, -2: private.public_key().public_bytes_raw()})


def rs256() -> Key:
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    return _key(private, {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")})


@dataclass
class Authenticator:
    """One that holds one passkey. Its fields are what a test bends; `said` are more members of the client data."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    key: Key = field(default_factory=es256)
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    count: int = 0
    counts: bool = False
    verifies: bool = True
    flags: int = 0
    said: dict[str, Any] = field(default_factory=dict)

    def make(self, asked: dict[str, Any], **bent: Any) -> dict[str, Any]:
        """What `navigator.credentials.create` gives back; `bent`: members of the attestation object."""
        self.handle = unb64(asked["user"]["id"])
        key = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(self.key.cose)
        made = {"fmt": "none", "attStmt": {}, "authData": self._data(HAS_KEY) + key, **bent}
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(cbor(made))})

    def sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives back."""
        client, data = self._client("webauthn.get", asked["challenge"]), self._data()
        signature = self.key.sign(data + hashlib.sha256(client).digest())
        said = {"authenticatorData": data, "clientDataJSON": client, "signature": signature, "userHandle": self.handle}
        return self._answer({name: b64(value) for name, value in said.items()})

    def _data(self, flags: int = 0) -> bytes:
        self.count += self.counts
        flags |= self.flags | PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **self.said}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
