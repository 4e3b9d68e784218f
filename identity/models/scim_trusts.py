"""Trust in SCIM clients that come without a stored secret (R29)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from identity.core.words import worded


class SCIMTrust(models.Model):
    """Whose signed assertions get access tokens for one IdP: issuer, keys, subject and audience (RFC 7523).

    `client_id` is entered at the IdP and never changes. An empty `issuer` or `subject` means the client ID, as
    private_key_jwt has it; no `audiences` mean the portal's own addresses. The keys are either fetched or pasted.
    """

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="scim_trusts"
    )
    client_id = models.CharField("client ID", max_length=64, unique=True, editable=False)
    label = models.CharField(max_length=100)
    issuer = models.CharField(max_length=500, blank=True, default="", db_default="")
    subject = models.CharField(max_length=255, blank=True, default="", db_default="")
    audiences = models.TextField(blank=True, default="", db_default="", help_text="One per line.")
    authorized_party = models.CharField(max_length=255, blank=True, default="", db_default="")
    key_set_url = models.CharField("key set URL", max_length=500, blank=True, default="", db_default="")
    key_set = models.TextField(blank=True, default="", db_default="", help_text="A JSON Web Key Set, public keys only.")
    requires_id = models.BooleanField(
        "each assertion works once",
        default=True,
        db_default=True,
        help_text="Assertions must have an ID (jti). One that has an ID works once in any case.",
    )
    networks = models.CharField(max_length=1000, blank=True, default="", db_default="", help_text="None: everywhere.")
    is_read_only = models.BooleanField("reads only", default=False, db_default=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        "identity.User", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    last_accepted_at = models.DateTimeField(null=True, editable=False)
    last_refused_at = models.DateTimeField(null=True, editable=False)
    last_refusal = models.JSONField(null=True, editable=False, help_text="The check that failed, and why, as data.")

    class Meta:
        verbose_name = "SCIM trust"
        ordering = ("id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(key_set_url="", key_set__gt="") | Q(key_set_url__gt="", key_set=""),
                name="scim_trust_has_keys_from_one_place",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def expected_issuer(self) -> str:
        return self.issuer or self.client_id

    @property
    def expected_subject(self) -> str:
        return self.subject or self.client_id

    @property
    def named_audiences(self) -> list[str]:
        return self.audiences.splitlines()

    @property
    def is_failing(self) -> bool:
        """Whether the last assertion was refused."""
        refused, accepted = self.last_refused_at, self.last_accepted_at
        return refused is not None and (accepted is None or refused > accepted)

    @property
    def refusal_in_words(self) -> str:
        data: Any = self.last_refusal or {}
        return worded(data["fact"]) if "fact" in data else ""


class SpentAssertion(models.Model):
    """An assertion that got its access token: kept until it expires, so that it works once, at any trust."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "spent assertion"

    def __str__(self) -> str:
        return self.digest
