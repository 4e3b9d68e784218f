"""Personal tokens for the REST API."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class Scope(models.TextChoices):
    """What a token may be used for, within its owner's rights."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"
    SUPPORT = "support", "Support: permanent deletion"


class APITokenQuerySet(models.QuerySet["APIToken"]):
    def live(self) -> APITokenQuerySet:
        """Tokens that work now."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


class APIToken(models.Model):
    """A person's token for the REST API. Only a digest is stored; deleting it revokes it at the next request.

    `scopes` as in RFC 6749 section 3.3: separated by spaces. `window` and `requests` count the requests of the
    current minute, across all workers.
    """

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=32, editable=False, help_text="What is shown of the token: prefix and end.")
    scopes = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    window = models.PositiveBigIntegerField(default=0, db_default=0, editable=False, help_text="Minutes since 1970.")
    requests = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = APITokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.label} ({self.hint})"

    @property
    def scope_set(self) -> frozenset[str]:
        return frozenset(self.scopes.split())

    @property
    def scope_labels(self) -> list[str]:
        """The scopes in words, in a fixed order; write includes read."""
        held = self.scope_set - {Scope.READ} if Scope.WRITE in self.scope_set else self.scope_set
        return [str(scope.label) for scope in Scope if scope in held]

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
