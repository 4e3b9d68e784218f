"""Identity providers and their tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property

from identity.models.users import User

EXPIRES_SOON = timedelta(days=14)


class IdentityProvider(models.Model):
    """A directory that provisions people over SCIM and signs them in over SSO."""

    class Kind(models.TextChoices):
        OKTA = "okta", "Okta"
        ENTRA = "entra", "Microsoft Entra ID"
        ONELOGIN = "onelogin", "OneLogin"
        JUMPCLOUD = "jumpcloud", "JumpCloud"
        PINGONE = "pingone", "PingOne"
        GOOGLE = "google", "Google Workspace"
        RAUTHY = "rauthy", "Rauthy"
        OTHER = "other", "Other"

        @property
        def has_permanent_external_ids(self) -> bool:
            """Whether its externalId is its own permanent id by default and never reassigned."""
            return self in {IdentityProvider.Kind.OKTA, IdentityProvider.Kind.RAUTHY}

    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OTHER, db_default=Kind.OTHER)
    asks_before_adopting = models.BooleanField(
        "ask before adopting existing users",
        default=False,
        db_default=False,
        help_text="When the same username and email exist: record a conflict instead of linking (R5).",
    )
    refuses_nested_groups = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A push of a group with a group among its members is refused instead of skipping that (R14).",
    )
    identifies_by_external_id = models.BooleanField(
        "external IDs identify people",
        default=False,
        db_default=False,
        help_text="A person who comes back under another userName is known by the external ID (R9).",
    )
    refuses_static_tokens = models.BooleanField(
        "only access tokens",
        default=False,
        db_default=False,
        help_text="SCIM tokens that were made to be pasted are refused: its clients come by a trust (R29).",
    )
    keeps_requests = models.BooleanField(
        "keep requests in the provisioning log",
        default=True,
        db_default=True,
        help_text="What it sent is kept with each row of the provisioning log, without passwords (R10).",
    )
    watched_until = models.DateTimeField(null=True, editable=False, help_text="Until then its requests are kept.")
    paused_at = models.DateTimeField(null=True, editable=False, help_text="Since then its writes are turned away.")
    turned_away_beyond = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Changes turned away beyond those that are kept."
    )
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("name_key",)
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name_key=""), name="identity_provider_has_name")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def stands_for_privileged(self) -> bool:
        """Whether it manages or signs in anyone above member, or will after an approved link.

        Its trust settings and tokens are then an owner's matter. Read once per instance.
        """
        return bool(User.objects.privileged().of_provider(self).exists())

    @property
    def is_watched(self) -> bool:
        """Whether an administrator is watching its requests live."""
        return self.watched_until is not None and self.watched_until > timezone.now()


class SCIMTokenQuerySet(models.QuerySet["SCIMToken"]):
    def made(self) -> SCIMTokenQuerySet:
        """Those that people made and pasted; not those that an assertion got, which last an hour (R29)."""
        return self.filter(trust=None)


class SCIMToken(models.Model):
    """A bearer token of one IdP (R23). Only a digest is stored; deleting it revokes it at the next request.

    With a `trust` it is an access token: it was issued for an assertion, expires in an hour, and ends with the trust.
    """

    identity_provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="scim_tokens")
    trust = models.ForeignKey(
        "identity.SCIMTrust",
        null=True,
        db_index=False,
        on_delete=models.CASCADE,
        related_name="access_tokens",
        editable=False,
    )
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=32, editable=False, help_text="What is shown of the token: prefix and end.")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        "identity.User", null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    networks = models.CharField(max_length=1000, blank=True, default="", db_default="", help_text="None: everywhere.")
    is_read_only = models.BooleanField("reads only", default=False, db_default=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects = SCIMTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "SCIM token"
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [models.Index(fields=["trust"], name="scim_token_of_trust")]

    def __str__(self) -> str:
        return f"{self.label} ({self.hint})"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def expires_soon(self) -> bool:
        """Whether it expires within two weeks, or has expired."""
        return self.expires_at is not None and self.expires_at <= timezone.now() + EXPIRES_SOON
