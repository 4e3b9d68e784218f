"""The end of an identity provider's record of a person (R7, R9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit
from identity.events import Event
from identity.models import RetiredResource, SSOUser, User
from identity.services.provisioning import memberships

if TYPE_CHECKING:
    from identity.core.actors import Actor


def retire(sso_user: SSOUser) -> list[memberships.Pair]:
    """Delete the IdP's record and keep its id and matching values (R9); the memberships that ended.

    Within a transaction, under the user's lock. The person leaves the SSO groups and so mapped groups (R8).
    """
    left = memberships.end_all_sso_memberships(sso_user)
    RetiredResource.objects.create(
        scim_id=sso_user.scim_id,
        identity_provider_id=sso_user.identity_provider_id,
        resource_type=RetiredResource.ResourceType.USER,
        user_id=sso_user.user_id,
        user_name_key=sso_user.user_name_key,
        email_key=sso_user.email_key or "",
        external_id=sso_user.external_id,
    )
    sso_user.delete()
    return left


def deprovision(sso_user: SSOUser, *, actor: Actor) -> list[memberships.Pair]:
    """`retire` it as its IdP asked, with the event that says so (R8); the memberships that ended."""
    left = retire(sso_user)
    event = audit.record(
        Event.USER_DEPROVISIONED,
        actor=actor,
        user_id=sso_user.user_id,
        details={"scim_id": str(sso_user.scim_id), "left_groups": len(left)},
    )
    audit.record_moves(event, left=left)
    return left


@transaction.atomic
def release(user: User, *, actor: Actor) -> None:
    """Detach an account from its IdP: the record and its sign-in identities go; no IdP manages the user (R7)."""
    sso_user = SSOUser.objects.filter(user=user).first()
    left = retire(sso_user) if sso_user is not None else []
    user.sso_identities.all().delete()
    user.managed_by = None
    user.save(update_fields=["managed_by"])
    audit.record_moves(audit.record(Event.USER_RELEASED, actor=actor, user_id=user.pk), left=left)
