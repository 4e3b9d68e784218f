"""What identity providers wanted to change while they were turned away (R24)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class TurnedAwayQuerySet(models.QuerySet["TurnedAway"]):
    def open(self) -> TurnedAwayQuerySet:
        return self.filter(state=TurnedAway.State.OPEN)

    def unheard(self) -> TurnedAwayQuerySet:
        """What the identity provider has not sent again, nor anybody applied or forgotten."""
        return self.filter(state__in=(TurnedAway.State.OPEN, TurnedAway.State.AWAITED))


class TurnedAway(models.Model):
    """What an IdP wanted of one person or group: all its attempts together, the last word on each thing counts.

    `key` is the SCIM id, or for what would be created its name. Values that were sent are not kept, but for the name:
    the IdP sends them again. Members of a group are rows of `TurnedAwayMember`.
    """

    class ResourceType(models.TextChoices):
        USER = "User", "User"
        GROUP = "Group", "Group"

    class Wish(models.TextChoices):
        CREATE = "create", "Create"
        CHANGE = "change", "Change"
        ENABLE = "enable", "Enable"
        DISABLE = "disable", "Disable"
        DELETE = "delete", "Delete"
        MEMBERS = "members", "Change the members"

    class Reason(models.TextChoices):
        SCIM_OFF = "scim_off", "SCIM was off"
        PAUSED = "paused", "The identity provider was paused"
        BRAKED = "braked", "The brake was on"

    class State(models.TextChoices):
        OPEN = "open", "Not decided"
        AWAITED = "awaited", "To be sent again"
        APPLIED = "applied", "Applied"
        FORGOTTEN = "forgotten", "Forgotten"
        HEARD = "heard", "Sent again"

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="turned_away", db_index=False
    )
    resource_type = models.CharField(max_length=5, choices=ResourceType)
    key = models.CharField(max_length=300, editable=False)
    scim_id = models.UUIDField(null=True, editable=False)
    name = models.CharField(max_length=255)
    subject_key = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    user = models.ForeignKey("identity.User", null=True, on_delete=models.CASCADE, related_name="+")
    sso_group = models.ForeignKey(
        "identity.SSOGroup", null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    status_wish = models.CharField(max_length=8, choices=Wish, blank=True, default="", db_default="")
    changes = models.BooleanField(default=False, db_default=False, help_text="Whether attributes would change.")
    reason = models.CharField(max_length=8, choices=Reason)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN, db_default=State.OPEN)
    tries = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    first_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    last_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    decided_by = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = TurnedAwayQuerySet.as_manager()

    class Meta:
        verbose_name = "turned away change"
        ordering = ("-last_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "resource_type", "key"], name="turned_away_unique")
        ]
        indexes: ClassVar = [
            models.Index(fields=["identity_provider", "state"], name="turned_away_by_provider"),
            models.Index(fields=["subject_key"], name="turned_away_by_subject"),
            models.Index(fields=["state", "decided_at"], name="turned_away_by_state"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wishes(self) -> list[TurnedAway.Wish]:
        """What would have been done, most important first."""
        wanted = [TurnedAway.Wish(self.status_wish)] if self.status_wish else []
        if self.changes and self.status_wish not in {self.Wish.CREATE, self.Wish.DELETE}:
            wanted.append(self.Wish.CHANGE)
        return wanted


class TurnedAwayMember(models.Model):
    """One person who would have joined or left a group: the last word on this person.

    As for the group itself, the record may be gone: its deletion pays for no look at this table.
    """

    turned_away = models.ForeignKey(TurnedAway, on_delete=models.CASCADE, related_name="members", db_index=False)
    sso_user = models.ForeignKey("identity.SSOUser", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    joins = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["turned_away", "sso_user"], name="turned_away_member_unique")
        ]

    def __str__(self) -> str:
        return f"{self.sso_user_id} {'joins' if self.joins else 'leaves'} {self.turned_away_id}"
