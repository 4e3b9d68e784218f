"""The signing certificates of SAML providers, and which of them expire soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.utils import timezone

from identity.models import SSOConnection

WARN_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A certificate of a SAML provider, and until when (UTC) it is valid."""

    subject: str
    until: datetime

    @property
    def is_over(self) -> bool:
        return self.until <= timezone.now()

    @property
    def ends_soon(self) -> bool:
        return self.until - timezone.now() < WARN_BEFORE


def signing_certificates(connection: SSOConnection) -> list[SigningCertificate]:
    """Those of one connection; none for OpenID Connect."""
    found = [x509.load_pem_x509_certificate(pem.encode()) for pem in connection.certificates]
    return [SigningCertificate(one.subject.rfc4514_string(), one.not_valid_after_utc) for one in found]


def ending_certificates() -> list[tuple[SSOConnection, SigningCertificate]]:
    """Sign-in connections whose last certificate expires soon, or has expired."""
    saml = SSOConnection.Protocol.SAML
    rows = SSOConnection.objects.filter(protocol=saml, is_enabled=True).select_related("identity_provider")
    last = [(row, max(signing_certificates(row), key=lambda one: one.until)) for row in rows if row.certificates]
    return [(row, certificate) for row, certificate in last if certificate.ends_soon]
