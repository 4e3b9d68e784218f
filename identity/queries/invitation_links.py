"""Whether the link of an invitation works, and what keeps it from working (R22, SR-23)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, TextChoices
from django.utils import timezone

if TYPE_CHECKING:
    from identity.core.decisions import Mode
    from identity.models import Invitation
    from identity.models.invitations import InvitationQuerySet


class LinkState(TextChoices):
    """The state of a link: the first that applies."""

    SSO_ENFORCED = "sso_enforced", "SSO is enforced"
    OTHER_ADDRESS = "other_address", "Went to another address"
    EXPIRED = "expired", "Expired"
    MAIL_FAILED = "mail_failed", "Mail could not be sent"
    WORKS = "works", "Works"

    @property
    def problem(self) -> str:
        """What is wrong, and what to do; empty when the link works."""
        return _PROBLEMS.get(self, "")


_PROBLEMS = {
    LinkState.SSO_ENFORCED: "While SSO is enforced its link does not work.",
    LinkState.OTHER_ADDRESS: "The link died when the email was changed: send the invitation again.",
    LinkState.EXPIRED: "The link has expired: send the invitation again.",
    LinkState.MAIL_FAILED: ("The mail could not be sent. Look after the mail server, then send the invitation again."),
}

OF_ITSELF = tuple(link for link in LinkState if link is not LinkState.SSO_ENFORCED)
"""The states of one link, whatever the mode."""


def link_of(invitation: Invitation, mode: Mode | None = None) -> LinkState:
    """The link's state; without a mode, that of the link itself. Reads `user`."""
    if mode is not None and mode.sso_enforced:
        return LinkState.SSO_ENFORCED
    if invitation.has_other_address:
        return LinkState.OTHER_ADDRESS
    if invitation.is_expired:
        return LinkState.EXPIRED
    return LinkState.MAIL_FAILED if invitation.mail_failed_at else LinkState.WORKS


def with_link(rows: InvitationQuerySet, link: LinkState) -> InvitationQuerySet:
    """The invitations whose link itself is in this state, as `link_of` says."""
    to_this_address = rows.filter(email=F("user__email"))
    pending = to_this_address.filter(expires_at__gt=timezone.now())
    match link:
        case LinkState.OTHER_ADDRESS:
            return rows.exclude(email=F("user__email"))
        case LinkState.EXPIRED:
            return to_this_address.filter(expires_at__lte=timezone.now())
        case LinkState.MAIL_FAILED:
            return pending.exclude(mail_failed_at=None)
        case LinkState.WORKS:
            return pending.filter(mail_failed_at=None)
    return rows.none()
