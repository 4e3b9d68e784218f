"""How an identity provider signs people in: over OpenID Connect or SAML."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class SSOConnectionQuerySet(models.QuerySet["SSOConnection"]):
    def enabled(self) -> SSOConnectionQuerySet:
        """Those offered on the sign-in page."""
        return self.filter(is_enabled=True).select_related("identity_provider")


class SSOConnection(models.Model):
    """An OIDC client or SAML service provider of the portal at one IdP.

    `slug` is part of the URLs registered with the IdP, so it never changes. `subject_claim` is compared
    with the externalId of this IdP's SSO users at a person's first sign-in, and with nothing else (SR-5).
    Email and names are read from the protocol's standard claims unless other claims are configured.
    `client_secret` is encrypted (`identity.core.encryption`).
    """

    class Protocol(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    class Binding(models.TextChoices):
        """How a browser carries a SAML request to the provider (SAML 2.0 Bindings 3.4 and 3.5)."""

        REDIRECT = "redirect", "HTTP-Redirect"
        POST = "post", "HTTP-POST"

    class ClientAuthentication(models.TextChoices):
        """How the client secret is sent to the token endpoint (RFC 6749 section 2.3.1)."""

        ANNOUNCED = "announced", "As the provider announces"
        BASIC = "client_secret_basic", "HTTP Basic (client_secret_basic)"
        POST = "client_secret_post", "In the body (client_secret_post)"

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="sso_connections"
    )
    protocol = models.CharField(max_length=4, choices=Protocol)
    slug = models.CharField(max_length=32, unique=True, editable=False)
    is_enabled = models.BooleanField("offered on the sign-in page", default=False, db_default=False)
    # OpenID Connect
    issuer = models.CharField(max_length=500, blank=True, default="", db_default="")
    client_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    client_secret = models.TextField(blank=True, default="", db_default="", editable=False)
    client_authentication = models.CharField(
        max_length=20,
        choices=ClientAuthentication,
        default=ClientAuthentication.ANNOUNCED,
        db_default=ClientAuthentication.ANNOUNCED,
    )
    # SAML
    entity_id = models.CharField(max_length=500, blank=True, default="", db_default="")
    sso_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    sso_binding = models.CharField(max_length=8, choices=Binding, default=Binding.REDIRECT, db_default=Binding.REDIRECT)
    certificate = models.TextField(blank=True, default="", db_default="")
    # identifying the user
    subject_claim = models.CharField(max_length=255)
    user_name_claim = models.CharField(max_length=255)
    email_claim = models.CharField(max_length=255, blank=True, db_default="")
    first_name_claim = models.CharField(max_length=255, blank=True, db_default="")
    last_name_claim = models.CharField(max_length=255, blank=True, db_default="")
    matches_by_user_name = models.BooleanField(default=False, db_default=False)
    groups_claim = models.CharField(max_length=255, blank=True, default="", db_default="")
    # whom to create at the first sign-in (R21)
    creates_users = models.BooleanField(default=False, db_default=False)
    allowed_domains = models.CharField(max_length=1000, blank=True, default="", db_default="")
    allowed_tenant = models.CharField(max_length=255, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = SSOConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = "SSO connection"
        ordering = ("id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(creates_users=False) | ~Q(allowed_domains="") | ~Q(allowed_tenant=""),
                name="just_in_time_is_restricted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity_provider} ({self.get_protocol_display()})"

    @property
    def domains(self) -> frozenset[str]:
        """The email domains of people who may be created just in time."""
        return frozenset(self.allowed_domains.split())

    @property
    def certificates(self) -> list[str]:
        """The certificates a SAML provider may sign with, each as PEM; two during key rotation."""
        end = "-----END CERTIFICATE-----"
        return [f"{part.strip()}\n{end}" for part in self.certificate.split(end) if part.strip()]
