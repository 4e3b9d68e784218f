"""People an IdP wants to provision who collide with an existing account (R5-R7)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class ConflictQuerySet(models.QuerySet["Conflict"]):
    def open(self) -> ConflictQuerySet:
        return self.filter(state=Conflict.State.OPEN)


class Conflict(models.Model):
    """One row for each (IdP, userName, account in the way); each retry raises `tries`."""

    class Reason(models.TextChoices):
        OTHER_EMAIL = "other_email", "Same username, another email"
        OTHER_USERNAME = "other_username", "Same email, another username"
        ASK_FIRST = "ask_first", "Same person, and this IdP is set to ask first"
        PRIVILEGED = "privileged", "The account has a privileged role"
        DISABLED_LOCAL = "disabled_local", "The account was disabled by an administrator"
        OTHER_PROVIDER = "other_provider", "The account is managed by another identity provider"
        ALREADY_LINKED = "already_linked", "The account belongs to another record of this identity provider"
        OTHER_PERSON = "other_person", "The account is another person's of this identity provider"
        SAME_EXTERNAL_ID = "same_external_id", "Same external ID, another username"
        BREAK_GLASS = "break_glass", "The account is a break-glass account"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        APPROVED = "approved", "Approved, waiting for the IdP's next try"
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Dismissed"

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="conflicts", db_index=False
    )
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="conflicts")
    reason = models.CharField(max_length=20, choices=Reason)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_default=State.OPEN)
    user_name = models.CharField(max_length=255)
    user_name_key = models.CharField(max_length=255, editable=False)
    email = models.CharField(max_length=255, blank=True, default="", db_default="")
    email_key = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    first_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    last_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    own_username = models.CharField(
        max_length=255,
        blank=True,
        db_default="",
        default="",
        help_text="What the newcomer is called in the portal (R7).",
    )
    tries = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    first_seen_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    decided_by = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ("-last_seen_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "user_name_key", "user"], name="conflict_unique")
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "last_seen_at"], name="conflict_by_state"),
            models.Index(fields=["identity_provider", "state"], name="conflict_by_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} ({self.get_reason_display()})"

    @property
    def username_collides(self) -> bool:
        return self.user.username_key == self.user_name_key

    @property
    def email_collides(self) -> bool:
        return bool(self.email_key) and self.user.email_key == self.email_key

    @property
    def is_about_another_person(self) -> bool:
        """Whether an administrator may give the newcomer a username of their own (R7).

        True when only the portal's username collides, or the account follows another record of this IdP, as after a
        rename there, or belongs to another of its people. The username of a break-glass account is reserved.
        """
        if self.reason == self.Reason.BREAK_GLASS:
            return False
        is_told_apart = self.reason in {self.Reason.ALREADY_LINKED, self.Reason.OTHER_PERSON}
        return self.username_collides and (is_told_apart or not self.email_collides)

    @property
    def can_be_linked(self) -> bool:
        return self.reason not in {self.Reason.BREAK_GLASS, self.Reason.ALREADY_LINKED}

    @property
    def needs_move(self) -> bool:
        """Whether the account must leave its other IdP before it can be linked (R7)."""
        return self.reason == self.Reason.OTHER_PROVIDER

    @property
    def must_move(self) -> bool:
        """Whether the account must leave another IdP now: it may have left since."""
        user = self.user
        return self.needs_move and user.is_managed and user.managed_by_id != self.identity_provider_id

    @property
    def is_undecided(self) -> bool:
        return self.state in {self.State.OPEN, self.State.DISMISSED}
