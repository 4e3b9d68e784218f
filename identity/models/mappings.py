"""The bridge between SSO groups and portal groups."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class GroupMapping(models.Model):
    """While SCIM is on, the portal group has the members of its SSO groups (R15)."""

    sso_group = models.ForeignKey("identity.SSOGroup", on_delete=models.CASCADE, related_name="mappings")
    group = models.ForeignKey("identity.Group", on_delete=models.CASCADE, related_name="mappings")
    created_by = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["sso_group", "group"], name="group_mapping_unique")]

    def __str__(self) -> str:
        return f"{self.sso_group} → {self.group}"
