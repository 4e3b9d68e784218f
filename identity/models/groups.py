"""Portal groups and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

if TYPE_CHECKING:
    from identity.db.compiled import Parameter


class GroupQuerySet(models.QuerySet["Group"]):
    def mapped(self) -> GroupQuerySet:
        return self.filter(pk__in=_mapped_group_ids())

    def unmapped(self) -> GroupQuerySet:
        return self.exclude(pk__in=_mapped_group_ids())

    def fed_by(self, sso_group_id: int | Parameter) -> GroupQuerySet:
        return self.filter(mappings__sso_group_id=sso_group_id)


def _mapped_group_ids() -> models.QuerySet[models.Model, int]:
    from identity.models.mappings import GroupMapping  # noqa: PLC0415  the two refer to each other

    return GroupMapping.objects.values_list("group_id", flat=True)


class Group(models.Model):
    """A portal group. It grants no permission in the portal itself (SR-13)."""

    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255, unique=True, editable=False)
    description = models.CharField(max_length=500, blank=True, default="", db_default="")
    members = models.ManyToManyField(
        "identity.User", through="Membership", through_fields=("group", "user"), related_name="portal_groups"
    )
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = "group"
        ordering = ("name_key",)
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(name_key=""), name="group_has_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A portal user in a portal group; `added_by` is empty for members added by a mapping."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="memberships")
    added_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "user"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"
