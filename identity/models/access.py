"""The two flags that decide what administrators may do (docs/design/rules.md, The policy)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from django.db import models
from django.db.models import Q


class Mode(NamedTuple):
    """SCIM on or off, SSO enforced or optional: a column of the policy table."""

    scim_enabled: bool
    sso_enforced: bool

    @property
    def code(self) -> str:
        scim = "scim_on" if self.scim_enabled else "scim_off"
        return f"{scim}_sso_enforced" if self.sso_enforced else f"{scim}_sso_optional"

    def __str__(self) -> str:
        scim = "SCIM is on" if self.scim_enabled else "SCIM is off"
        return f"{scim} and SSO is {'enforced' if self.sso_enforced else 'not enforced'}"


class AccessSettingsManager(models.Manager["AccessSettings"]):
    def mode(self) -> Mode:
        """The mode now: one statement, never cached (SR-12)."""
        return Mode(*self.values_list("scim_enabled", "sso_enforced").get())


class AccessSettings(models.Model):
    """One row, made by a migration."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    scim_enabled = models.BooleanField("SCIM provisioning", default=True)
    sso_enforced = models.BooleanField("SSO enforced", default=False)

    objects = AccessSettingsManager()

    class Meta:
        verbose_name = verbose_name_plural = "access settings"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="access_settings_one_row")]

    def __str__(self) -> str:
        return str(self.mode)

    @property
    def mode(self) -> Mode:
        return Mode(self.scim_enabled, self.sso_enforced)
