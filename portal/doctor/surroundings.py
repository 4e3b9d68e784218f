"""The portal's surroundings: the mail server, the clock of the database's host, and expiring certificates."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.utils import timezone

from identity.queries.certificates import ending_certificates
from portal.doctor.findings import Finding

MOST_SKEW = timedelta(seconds=5)
WARN_BEFORE = timedelta(days=14)  # who renews by themselves do it thirty days before
SECONDS_TO_WAIT = 5.0


def examine() -> Iterator[Finding]:
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        yield mail()
    if connection.vendor == "postgresql":
        yield clock()
    yield signing_certificates()
    if settings.IS_HTTPS:
        yield own_certificate()


def mail() -> Finding:
    """Connects and signs in as for a mail, and sends none."""
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    server = get_connection()
    try:
        server.open()
        server.close()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "mail",
            f"The mail server {where} takes no mails from here ({type(error).__name__}: {error}).",
            "See whether EMAIL_URL has the right host, port, user, password and encryption (smtp+tls, smtp+ssl).",
        )
    return Finding("mail", f"The mail server {where} answers.")


def clock() -> Finding:
    """Tokens, links and codes expire by this host's clock or the database's."""
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
        after = timezone.now()
    skew = max(before - there, there - after, timedelta(0))
    if skew <= MOST_SKEW:
        return Finding("clock", "This host and the database's have the same time.")
    return Finding(
        "clock",
        f"The clocks of this host and of the database's are {skew.total_seconds():.0f} seconds apart.",
        "Let both follow a time server (chrony, systemd-timesyncd).",
    )


def signing_certificates() -> Finding:
    ending = ending_certificates()
    told = ", ".join(f"{row} on {one.until:%Y-%m-%d}" for row, one in ending)
    return Finding(
        "signing_certificates",
        f"Certificates of SAML connections end or have ended: {told}." if ending else "No SAML certificate ends soon.",
        "Fetch the provider's metadata anew: `manage.py edit_sso_connection`." if ending else "",
    )


def own_certificate() -> Finding:
    """The one that browsers and identity providers see at PUBLIC_URL, if it can be reached from here."""
    host, port = settings.PUBLIC.hostname or "", settings.PUBLIC.port or 443
    try:
        until = certificate_end(host, port)
    except (OSError, ValueError) as error:
        return Finding("certificate", f"The certificate of {host}:{port} can't be seen from here ({error}).")
    if until - timezone.now() > WARN_BEFORE:
        return Finding("certificate", f"The certificate of {host}:{port} is good until {until:%Y-%m-%d}.")
    return Finding(
        "certificate",
        f"The certificate of {host}:{port} ends on {until:%Y-%m-%d}.",
        "Renew it at the proxy that ends TLS, and see why that does not happen by itself.",
    )


def certificate_end(host: str, port: int) -> datetime:
    """Without checking the issuer: browsers do that."""
    pem = ssl.get_server_certificate((host, port), timeout=SECONDS_TO_WAIT)
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
