"""The IdP's side: people and groups as the IdP sent them. Only provisioning writes here."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from identity.db.defaults import EMPTY_OBJECT, NewUUID
from identity.models.users import Status, User

if TYPE_CHECKING:
    from identity.db.compiled import Parameter
    from identity.models.identity_providers import IdentityProvider


class ModifiedAt(models.DateTimeField):
    """Equal to `created_at` until the first change (RFC 7643 section 3.1), whichever way the row is inserted."""

    def pre_save(self, row: Any, add: bool) -> Any:
        if add:
            setattr(row, self.attname, row.created_at)
        return super().pre_save(row, add)

    def deconstruct(self) -> Any:
        """A plain column to migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class Versioned(models.Model):
    """Change tracking: a version that every change increments, and the time of the last change."""

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    modified_at = ModifiedAt(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        abstract = True


class SSOUserQuerySet(models.QuerySet["SSOUser"]):
    def of(self, identity_provider_id: int | Parameter) -> SSOUserQuerySet:
        """What this IdP's tokens may see, and nothing else (SR-4)."""
        return self.filter(identity_provider_id=identity_provider_id)


class SSOUser(Versioned):
    """A SCIM User as the IdP sent it, linked once to the portal user it became (R1).

    `attributes` is the IdP's record as canonical SCIM JSON without id, meta, active and groups;
    `keys` holds its comparable values by attribute path, so that filters don't depend on JSON's spelling.
    `email` is the address the portal would use; `active` is what the IdP last sent, while access depends on
    `user.status` alone (R11). `overruled` marks users that the portal has enabled or disabled
    against the IdP since (R21): stored, so that finding a few does not mean comparing a million rows.
    """

    scim_id = models.UUIDField(unique=True, default=uuid.uuid4, db_default=NewUUID(), editable=False)
    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="sso_users"
    )
    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="sso_user")
    user_name = models.CharField(max_length=255)
    user_name_key = models.CharField(max_length=255, editable=False)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    email = models.CharField(max_length=255, null=True, blank=True)
    email_key = models.CharField(max_length=255, null=True, editable=False)
    active = models.BooleanField(default=True, db_default=True)
    overruled = models.BooleanField(default=False, db_default=False, editable=False)
    attributes = models.JSONField(default=dict, db_default=EMPTY_OBJECT)
    keys = models.JSONField(default=dict, db_default=EMPTY_OBJECT)

    objects = SSOUserQuerySet.as_manager()

    class Meta:
        verbose_name = "SSO user"
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "user_name_key"], name="sso_user_name_unique"),
            models.CheckConstraint(condition=~Q(user_name_key=""), name="sso_user_has_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["identity_provider", "external_id"], name="sso_user_by_external_id"),
            models.Index(fields=["identity_provider", "modified_at"], name="sso_user_by_modified"),
            models.Index(fields=["user"], name="sso_user_overruled", condition=Q(overruled=True)),
            models.Index(fields=["id"], name="sso_user_inactive", condition=Q(active=False)),
            # Index-only access to a membership's owner: the rows hold everything that was sent, and are large.
            models.Index(fields=["id", "user"], name="sso_user_to_user"),
        ]

    def __str__(self) -> str:
        return self.user_name


class SSOUserValue(models.Model):
    """One value of a multi-valued attribute of an SSO user: rows, so that filters can use an index."""

    sso_user = models.ForeignKey(SSOUser, on_delete=models.CASCADE, related_name="values")
    attribute = models.CharField(max_length=40)
    key = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Folded `value`, cut at 255 characters."
    )
    data = models.JSONField(help_text="Comparable sub-attributes of this value.")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["attribute", "key"], name="sso_value_by_key")]

    def __str__(self) -> str:
        return f"{self.attribute}: {self.key}"


class SSOGroupQuerySet(models.QuerySet["SSOGroup"]):
    def of(self, identity_provider_id: int | Parameter) -> SSOGroupQuerySet:
        """What this IdP's tokens may see: declared groups are invisible until pushed (R19, SR-4)."""
        return self.filter(identity_provider_id=identity_provider_id, pushed_at__isnull=False)

    def unmapped(self) -> SSOGroupQuerySet:
        return self.filter(mappings=None)


class SSOGroup(Versioned):
    """A SCIM Group as the IdP pushed it, or as an administrator declared it by name (R14, R19)."""

    scim_id = models.UUIDField(unique=True, default=uuid.uuid4, db_default=NewUUID(), editable=False)
    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="sso_groups"
    )
    display_name = models.CharField(max_length=255)
    display_name_key = models.CharField(max_length=255, editable=False)
    external_id = models.CharField(max_length=255, null=True, blank=True)
    members = models.ManyToManyField(SSOUser, through="SSOMembership", related_name="sso_groups")
    pushed_at = models.DateTimeField(null=True, editable=False, help_text="Empty while only declared.")
    nested_groups = models.JSONField(null=True, editable=False, help_text="Members that are groups, and so skipped.")

    objects = SSOGroupQuerySet.as_manager()

    class Meta:
        verbose_name = "SSO group"
        ordering = ("display_name_key", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "display_name_key"], name="sso_group_name_unique"),
            models.CheckConstraint(condition=~Q(display_name_key=""), name="sso_group_has_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["identity_provider", "external_id"], name="sso_group_by_external_id"),
            models.Index(fields=["identity_provider", "modified_at"], name="sso_group_by_modified"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def number_of_nested_groups(self) -> int:
        """How many groups the IdP lists among the members: none of them is a member here (R14)."""
        return len(self.nested_groups or ())

    @property
    def is_declared_only(self) -> bool:
        return self.pushed_at is None


class SSOMembership(models.Model):
    """An SSO user's membership in an SSO group, as the IdP sees it."""

    sso_group = models.ForeignKey(SSOGroup, on_delete=models.CASCADE, related_name="memberships")
    sso_user = models.ForeignKey(SSOUser, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = "SSO membership"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sso_group", "sso_user"], name="sso_membership_unique")
        ]

    def __str__(self) -> str:
        return f"{self.sso_user_id} in {self.sso_group_id}"


class SSOIdentity(models.Model):
    """Who signs in as which user: (identity provider, subject) is the only key (SR-5)."""

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="identities"
    )
    subject = models.CharField(max_length=255)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="sso_identities")
    last_login_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = "SSO identity"
        verbose_name_plural = "SSO identities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "subject"], name="sso_identity_unique")
        ]

    def __str__(self) -> str:
        return f"{self.identity_provider_id}: {self.subject}"


class RetiredResourceQuerySet(models.QuerySet["RetiredResource"]):
    def users_of(self, identity_provider: IdentityProvider | int) -> RetiredResourceQuerySet:
        return self.filter(identity_provider=identity_provider, resource_type=RetiredResource.ResourceType.USER)


class RetiredResource(models.Model):
    """A deleted SCIM id: never reused, and recognised when a late push names it (R9, R20)."""

    class ResourceType(models.TextChoices):
        USER = "User", "User"
        GROUP = "Group", "Group"

    scim_id = models.UUIDField(primary_key=True)
    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="retired_resources"
    )
    resource_type = models.CharField(max_length=5, choices=ResourceType)
    user = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="retired_resources")
    user_name_key = models.CharField(max_length=255, blank=True, default="", db_default="")
    email_key = models.CharField(max_length=255, blank=True, default="", db_default="")
    external_id = models.CharField(max_length=255, null=True)
    retired_at = models.DateTimeField(default=timezone.now, db_default=Now())

    objects = RetiredResourceQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["identity_provider", "user_name_key"], name="retired_by_user_name"),
            models.Index(fields=["identity_provider", "external_id"], name="retired_by_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.scim_id}"


def told_otherwise(status: Status) -> models.QuerySet[User]:
    """Users who would get this status if the portal followed what their identity provider last sent."""
    said = SSOUser.objects.filter(overruled=True, active=status == Status.ENABLED).values("user")
    other = Status.DISABLED if status == Status.ENABLED else Status.ENABLED
    people: models.QuerySet[User] = User.objects.with_status(other).filter(pk__among=said)
    return people
