"""How an identity provider behaves, as pages show it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from identity.models import Rhythm
from identity.queries.rhythm import Activity, rhythm_of
from portal.admin.frame.parts import ago


class ShownActivity(Activity):
    """With the way to what was refused."""

    __slots__ = ()

    @property
    def refusals_url(self) -> str:
        log = reverse("admin:identity_provisioninglog_changelist")
        return f"{log}?outcome__exact=refused&idp={self.provider.pk}"

    @property
    def heard(self) -> str:
        last = self.provider.last_request_at
        return ago(last) if last else "Never"


def activity_of(provider: Any, rhythms: dict[int, Rhythm], *, scim_enabled: bool) -> ShownActivity:
    """Nobody is silent while SCIM is off: what calls then is turned away before it is noted."""
    rhythm = rhythm_of(provider, rhythms)
    return ShownActivity(provider, rhythm, scim_enabled and rhythm.is_silent)
