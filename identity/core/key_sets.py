"""JSON Web Key Sets: the public keys that somebody signs with (RFC 7517)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import jwt

from identity.core.errors import InvalidValue

MOST_KEYS = 50
MOST_LETTERS = 64 * 1024
PARTS = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def public_keys(document: object) -> list[dict[str, Any]] | None:
    """The keys of a set, without private parts; None if it is not a set."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        return None
    return [_public(key) for key in keys[:MOST_KEYS] if isinstance(key, dict)]


def pasted(text: str, attribute: str) -> str:
    """A pasted set, or a single key, as it is stored. Raises InvalidValue unless every key in it can be used."""
    if len(text) > MOST_LETTERS:
        raise InvalidValue(attribute, f"must be at most {MOST_LETTERS // 1024} KiB")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(attribute, "must be a JSON Web Key Set, which begins with {") from error
    keys = _keys_of(document)
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise InvalidValue(attribute, "must be a JSON Web Key Set with at least one key")
    if len(keys) > MOST_KEYS:
        raise InvalidValue(attribute, f"must have at most {MOST_KEYS} keys")
    for key in keys:
        _check(key, attribute)
    return json.dumps({"keys": [_public(key) for key in keys]}, indent=2)


def thumbprints(pasted_set: str) -> list[str]:
    """Which keys a stored set has, in its order (RFC 7638): what makes each key, by name, hashed."""
    return [_thumbprint(key) for key in json.loads(pasted_set)["keys"]]


def _thumbprint(key: dict[str, Any]) -> str:
    members = {part: key[part] for part in ("crv", "e", "kty", "n", "x", "y") if part in key}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _keys_of(document: object) -> object:
    if not isinstance(document, dict):
        return None
    return [document] if "kty" in document else document.get("keys")


def _check(key: dict[str, Any], attribute: str) -> None:
    if PRIVATE_PARTS & key.keys():
        raise InvalidValue(
            attribute,
            "holds a private or secret key, which only its owner may have: make a new key pair there, since this one "
            "has been copied, and paste the public key",
        )
    try:
        usable = jwt.PyJWK(key)
        problem = usable.Algorithm.check_key_length(usable.key)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        raise InvalidValue(
            attribute, f"has a key that can't be used: {str(key.get('kid', 'without kid'))[:100]}"
        ) from error
    if problem:
        raise InvalidValue(attribute, "has a key that is too short: RSA keys need 2,048 bits")


def _public(key: dict[str, Any]) -> dict[str, Any]:
    return {part: key[part] for part in PARTS if key.get(part) is not None}
