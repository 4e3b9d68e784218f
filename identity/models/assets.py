"""What people own (R12); ownership is transferred before an owner is deleted (R10)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone


class AssetQuerySet(models.QuerySet["Asset"]):
    def owned_by(self, user_id: int) -> AssetQuerySet:
        return self.filter(ownerships__user_id=user_id)

    def owned_only_by(self, user_id: int) -> AssetQuerySet:
        """Assets that would be left without an owner."""
        counted = self.annotate(owner_count=Count("ownerships"))
        return counted.filter(owner_count=1, pk__in=AssetOwner.objects.filter(user_id=user_id).values("asset"))


class Asset(models.Model):
    """Something with an owner: a repository, a dashboard, a licence."""

    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255, unique=True, editable=False)
    kind = models.CharField(max_length=100, blank=True, default="", db_default="")
    link = models.URLField(max_length=500, blank=True, default="", db_default="")
    owners = models.ManyToManyField("identity.User", through="AssetOwner", related_name="assets")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = AssetQuerySet.as_manager()

    class Meta:
        ordering = ("name_key",)
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name_key=""), name="asset_has_name")]

    def __str__(self) -> str:
        return self.name


class AssetOwner(models.Model):
    """A user's ownership of an asset, before or after the first sign-in."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="ownerships")
    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="ownerships")
    since = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["asset", "user"], name="asset_owner_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} owns {self.asset_id}"
