"""The two flags that decide what administrators may do (docs/design/rules.md, The policy)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from identity.core.decisions import Mode


class AccessSettingsManager(models.Manager["AccessSettings"]):
    def mode(self) -> Mode:
        """The current mode: one statement, never cached (SR-12)."""
        return Mode(*self.values_list("scim_enabled", "sso_enforced").get())


class AccessSettings(models.Model):
    """A single row, created by a migration."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    scim_enabled = models.BooleanField("SCIM provisioning", default=True, db_default=True)
    sso_enforced = models.BooleanField("SSO enforced", default=False, db_default=False)

    objects = AccessSettingsManager()

    class Meta:
        verbose_name = verbose_name_plural = "access settings"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="access_settings_one_row")]

    def __str__(self) -> str:
        return str(self.mode)

    @property
    def mode(self) -> Mode:
        return Mode(self.scim_enabled, self.sso_enforced)
