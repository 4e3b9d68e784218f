"""An identity provider's record of a person beside the portal's, and why they differ (R2, R4, R7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from identity.models import Conflict, GroupMapping, RetiredResource, SSOGroup, SSOUser, Status, User

RENAMED = (
    "{idp} renamed this person to {sent} later. A username is permanent, so the portal keeps {kept}; {idp} still finds "
    "the person under its new name."
)
LINKED_NAME = (
    "{idp} calls this person {sent}, and an administrator linked that to the account {kept}. A username is permanent; "
    "{idp} finds the person under its own name."
)
OWN_NAME = (
    "{idp} calls this person {sent}, which is another person's permanent username here. An administrator gave this one "
    "the username {kept}; {idp} finds the person under its own name."
)
ANOTHER_EMAIL = (
    "{idp} changed the email to {sent} later. The portal takes the email once, at first provisioning, and keeps "
    "{kept}; the new one is stored here only."
)
LINKED_EMAIL = "{idp} sends {sent}, and an administrator linked that to this account, whose email stays {kept}."
TAKEN_EMAIL = (
    "{sent} belonged to another account when it arrived. No two accounts share an email, so this one has none."
)
NO_EMAIL = "{idp} sends none. The portal keeps {kept}, which it was given before."
EDITED_NAME = "Edited in the portal since. The next change by {idp} that carries the name overwrites it."
NO_NAME = "{idp} sends none, so the portal keeps {kept}."
STATUS = "Changed in the portal while SCIM was off. {idp} sets it again with its next change of the status."


@dataclass(frozen=True, slots=True)
class ComparedAttribute:
    """One attribute on both sides of the bridge."""

    label: str
    sent: str
    kept: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """The identity provider's record of a person beside the portal's: live, removed, or missing."""

    sso_user: SSOUser | None
    retired: RetiredResource | None
    attributes: list[ComparedAttribute]
    reasons: list[str]

    @property
    def record(self) -> SSOUser | RetiredResource | None:
        return self.sso_user or self.retired


def sides_of(user: User, conflicts: Iterable[Conflict] | None = None) -> Sides:
    """Both sides of one person; `conflicts`: decisions about this account, if already loaded."""
    sso_user: SSOUser | None = getattr(user, "sso_user", None)
    if sso_user is None:
        gone = RetiredResource.objects.filter(user=user).order_by("-retired_at").first() if user.is_managed else None
        return Sides(None, gone, [], [])
    attributes = both_sides(sso_user)
    decided = Conflict.objects.filter(user=user) if conflicts is None else conflicts
    return Sides(sso_user, None, attributes, differences(attributes, sso_user, decided))


def sso_groups_of(sso_user: SSOUser | None) -> list[SSOGroup]:
    """The SSO groups a person is in, with the portal groups that each feeds."""
    if sso_user is None:
        return []
    with_groups = Prefetch("mappings", queryset=GroupMapping.objects.select_related("group"))
    return list(sso_user.sso_groups.prefetch_related(with_groups))


def both_sides(sso_user: SSOUser) -> list[ComparedAttribute]:
    """The IdP's values and the portal's (R2: username and email stay as first provisioned)."""
    user = sso_user.user
    name = sso_user.attributes.get("name") or {}
    given, family = (str(name.get(part) or "") for part in ("givenName", "familyName"))
    said, status = "Active" if sso_user.active else "Inactive", Status(user.status).label
    return [
        ComparedAttribute("Username", sso_user.user_name, user.username, sso_user.user_name_key != user.username_key),
        ComparedAttribute("Email", sso_user.email or "", user.email or "", sso_user.email_key != user.email_key),
        ComparedAttribute("First name", given, user.first_name, given != user.first_name),
        ComparedAttribute("Last name", family, user.last_name, family != user.last_name),
        ComparedAttribute("Status", said, status, sso_user.active != user.is_active),
    ]


def differences(rows: Iterable[ComparedAttribute], sso_user: SSOUser, conflicts: Iterable[Conflict]) -> list[str]:
    """A sentence for each attribute that differs; `conflicts`: decisions about this account."""
    linked = [
        conflict
        for conflict in conflicts
        if conflict.state == Conflict.State.RESOLVED
        and conflict.identity_provider_id == sso_user.identity_provider_id
        and conflict.user_name_key == sso_user.user_name_key
    ]
    return [_sentence(row, sso_user, linked) for row in rows if row.differs]


def _sentence(row: ComparedAttribute, sso_user: SSOUser, linked: list[Conflict]) -> str:
    reason = _REASONS[row.label](row, sso_user, linked)
    words = reason.format(idp=sso_user.identity_provider, sent=row.sent or "none", kept=row.kept or "none")
    return f"{row.label}: {words}"


def _of_username(row: ComparedAttribute, sso_user: SSOUser, linked: list[Conflict]) -> str:
    if linked:
        return LINKED_NAME
    given = Conflict.objects.filter(
        identity_provider=sso_user.identity_provider_id,
        user_name_key=sso_user.user_name_key,
        state=Conflict.State.RESOLVED,
        own_username=row.kept,
    )
    return OWN_NAME if given.exists() else RENAMED


def _of_email(row: ComparedAttribute, sso_user: SSOUser, linked: list[Conflict]) -> str:
    if not row.kept:
        return TAKEN_EMAIL
    if not row.sent:
        return NO_EMAIL
    was_linked = any(conflict.email_key == sso_user.email_key for conflict in linked)
    return LINKED_EMAIL if was_linked else ANOTHER_EMAIL


def _of_name(row: ComparedAttribute, sso_user: SSOUser, linked: list[Conflict]) -> str:
    return EDITED_NAME if row.sent else NO_NAME


def _of_status(row: ComparedAttribute, sso_user: SSOUser, linked: list[Conflict]) -> str:
    return STATUS


_REASONS: dict[str, Callable[[ComparedAttribute, SSOUser, list[Conflict]], str]] = {
    "Username": _of_username,
    "Email": _of_email,
    "First name": _of_name,
    "Last name": _of_name,
    "Status": _of_status,
}
