"""The portal's users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from identity.core.keys import NO_KEY, shows_nothing, sought

if TYPE_CHECKING:
    from collections.abc import Iterator


class Status(models.TextChoices):
    """R11. The single source of truth for whether a user has access."""

    INVITED = "invited", "Invited"
    ENABLED = "enabled", "Enabled"
    DISABLED = "disabled", "Disabled"


class Role(models.TextChoices):
    """Owners change roles and access settings, administrators do the rest, support deletes."""

    MEMBER = "member", "Member"
    SUPPORT = "support", "Support"
    ADMINISTRATOR = "administrator", "Administrator"
    OWNER = "owner", "Owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


HAS_PASSWORD = ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX) & ~Q(password="")


class UserQuerySet(models.QuerySet["User"]):
    def with_status(self, status: Status) -> UserQuerySet:
        return self.filter(status=status)

    def able_to_own(self) -> UserQuerySet:
        """R12: a new owner of assets need not have signed in yet, but must be able to."""
        return self.exclude(status=Status.DISABLED)

    def enabled_owners(self) -> UserQuerySet:
        return self.filter(role=Role.OWNER, status=Status.ENABLED)

    def break_glass(self) -> UserQuerySet:
        """Flagged owners: filtering by role leads PostgreSQL to the small index of privileged users."""
        return self.filter(role=Role.OWNER, is_break_glass=True)

    def enabled_break_glass(self) -> UserQuerySet:
        return self.break_glass().filter(status=Status.ENABLED)

    def proven_break_glass(self) -> UserQuerySet:
        """Those that have signed in with password and second step at least once."""
        return self.enabled_break_glass().filter(last_proven__isnull=False)

    def privileged(self) -> UserQuerySet:
        """Everyone above member, whatever the status: a disabled user may be enabled again."""
        return self.exclude(role=Role.MEMBER)

    def of_provider(self, identity_provider: models.Model) -> UserQuerySet:
        """Users it manages or signs in, and those it takes over once it sends an approved link (R7)."""
        return self.filter(
            Q(managed_by=identity_provider)
            | Q(sso_user__identity_provider=identity_provider)
            | Q(sso_identities__identity_provider=identity_provider)
            | Q(conflicts__identity_provider=identity_provider, conflicts__state="approved", conflicts__own_username="")
        ).distinct()

    def administrators(self) -> UserQuerySet:
        return self.filter(role__in=[Role.ADMINISTRATOR, Role.OWNER], status=Status.ENABLED)

    def with_password(self) -> UserQuerySet:
        """Users with a usable password, whatever the mode and status."""
        return self.filter(HAS_PASSWORD)

    def with_second_step(self) -> UserQuerySet:
        """Users whose password needs a second step: an app or a passkey."""
        return self.filter(Q(second_factor__isnull=False) | Q(passkeys__isnull=False)).distinct()

    def unmanaged(self) -> UserQuerySet:
        return self.filter(managed_by=None)

    def named(self, text: str) -> User | None:
        """By username, else by email, compared as keys; a username that looks like an email comes first."""
        key = sought(text)
        found = list(self.filter(Q(username_key=key) | Q(email_key=key))[:2])
        return next((user for user in found if user.username_key == key), found[0] if found else None)

    def search(self, text: str) -> UserQuerySet:
        """People whose username, email or name begins with `text`, compared as keys."""
        return self.filter(matching(text))


def matching(text: str, prefix: str = "") -> Q:
    """The condition that a user's username, email, first or last name begins with `text`."""
    key = sought(text)
    if key == NO_KEY:
        return Q(**{f"{prefix}username_key": key})
    return (
        Q(**{f"{prefix}username_key__begins": key})
        | Q(**{f"{prefix}email_key__begins": key})
        | Q(**{f"{prefix}first_name__ibegins": text.strip()})
        | Q(**{f"{prefix}last_name__ibegins": text.strip()})
    )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        user: User = self.get(username_key=sought(username or ""))
        return user


class User(AbstractBaseUser):
    """A person in the portal. Created and changed only by `identity.services`.

    `username` is permanent (R3; the database rejects an update). `managed_by` is the IdP that provisions
    this person: empty for local and just-in-time users, kept when the IdP deletes its record. `last_proven` is
    when a break-glass account last signed in with its second step, as SSO enforcement requires (R22).
    """

    last_login = None
    username = models.CharField(max_length=255)
    username_key = models.CharField(max_length=255, unique=True, editable=False)
    email = models.CharField(max_length=255, null=True, blank=True)
    email_key = models.CharField(max_length=255, null=True, unique=True, editable=False)
    first_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    last_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.ENABLED, db_default=Status.ENABLED)
    role = models.CharField(max_length=15, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER)
    is_break_glass = models.BooleanField("break-glass account", default=False, db_default=False)
    last_active = models.DateTimeField(null=True, blank=True, editable=False)
    last_proven = models.DateTimeField(null=True, blank=True, editable=False)
    managed_by = models.ForeignKey(
        "identity.IdentityProvider",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="managed_users",
    )
    credential_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    password_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Belongs to this browser's session, not to the user: the portal sets it while reading the session.
    signed_in_by_sso: bool = False

    class Meta:
        ordering = ("username_key",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="user_status_known"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(condition=~Q(username_key=""), name="user_has_username"),
            models.CheckConstraint(
                condition=Q(email__isnull=True, email_key__isnull=True)
                | Q(email__isnull=False, email_key__isnull=False),
                name="user_email_has_key",
            ),
            models.CheckConstraint(
                condition=Q(is_break_glass=False) | Q(role=Role.OWNER, managed_by__isnull=True),
                name="break_glass_is_a_local_owner",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "username_key"], name="user_by_status"),
            models.Index(fields=["managed_by", "username_key"], name="user_by_manager"),
            models.Index(fields=["username_key"], name="user_unmanaged", condition=Q(managed_by=None)),
            models.Index(fields=["role"], name="user_privileged", condition=~Q(role=Role.MEMBER)),
            models.Index(fields=["status"], name="user_never_active", condition=Q(last_active=None)),
            models.Index(fields=["username_key"], name="user_with_password", condition=HAS_PASSWORD),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        """First and last name, else the username; a name without visible characters doesn't count."""
        name = f"{self.first_name} {self.last_name}".strip()
        return self.username if shows_nothing(name) else name

    @property
    def can_not_come_in(self) -> bool:
        """A local account whose password was never set, for example after its invitation was revoked."""
        return self.last_active is None and not self.is_managed and not self.has_usable_password()

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's check for access; derived from `status`, never assigned (R11)."""
        return self.status == Status.ENABLED

    @property
    def is_staff(self) -> bool:
        """Whether this user may open the admin site."""
        return self.role != Role.MEMBER

    @property
    def is_administrator(self) -> bool:
        return self.role in {Role.ADMINISTRATOR, Role.OWNER}

    @property
    def is_managed(self) -> bool:
        """Whether an existing IdP provisions this user (also after the IdP deleted its record)."""
        return self.managed_by_id is not None

    @property
    def is_privileged(self) -> bool:
        """Whether this user's role is above member."""
        return self.role != Role.MEMBER

    @property
    def has_app(self) -> bool:
        """Whether sign-in by password asks for an authenticator app."""
        return bool(User.objects.filter(pk=self.pk, second_factor__isnull=False).exists())

    @property
    def has_second_step(self) -> bool:
        """Whether sign-in by password asks for an app or a passkey."""
        return bool(User.objects.filter(pk=self.pk).with_second_step().exists())

    @property
    def rank(self) -> int:
        return Role(self.role).rank

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.first_name or self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Django's permissions are not used: `identity.policy` and the admin's roles decide."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def get_session_auth_hash(self) -> str:
        """Raising `credential_epoch` ends all sessions (R13).

        A new password, or a higher `password_epoch`, ends those opened by password: SSO sessions continue
        when SSO is enforced (R22).
        """
        return self.session_hash(by_sso=self.signed_in_by_sso)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Sessions from before a SECRET_KEY rotation continue: Django writes the new hash into them."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self.session_hash(by_sso=self.signed_in_by_sso, secret=secret)

    def session_hash(self, *, by_sso: bool, secret: str | None = None) -> str:
        """What a session opened by SSO, or by password, must carry; `secret`: under an earlier SECRET_KEY."""
        salt = "identity.models.User.session"
        opened_by = "sso" if by_sso else f"{self.password}:{self.password_epoch}"
        value = f"{opened_by}:{self.credential_epoch}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return username
