"""Other people for whom an identity provider uses, or used, the same externalId (R9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.models import RetiredResource, SSOUser, User

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 5


def sharing_external_id(record: SSOUser | RetiredResource | None) -> Sequence[User]:
    """Other people whose live or removed records of this identity provider have this record's externalId."""
    if record is None or not record.external_id:
        return []
    theirs = {"identity_provider_id": record.identity_provider_id, "external_id": record.external_id}
    live = SSOUser.objects.filter(**theirs).exclude(user=record.user_id)
    removed = RetiredResource.objects.filter(**theirs, user__isnull=False).exclude(user=record.user_id)
    ids = [*live.values_list("user_id", flat=True)[:MOST], *removed.values_list("user_id", flat=True)[:MOST]]
    return User.objects.filter(pk__in=ids).order_by("pk")[:MOST] if ids else []
