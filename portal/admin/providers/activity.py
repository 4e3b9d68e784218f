"""An identity provider's behaviour, as pages show it."""

from __future__ import annotations

from django.urls import reverse

from identity.queries.rhythm import Activity


class ShownActivity(Activity):
    """Adds the link to what was refused."""

    __slots__ = ()

    @property
    def refusals_url(self) -> str:
        log = reverse("admin:identity_provisioninglog_changelist")
        return f"{log}?outcome__exact=refused&idp={self.provider.pk}"
