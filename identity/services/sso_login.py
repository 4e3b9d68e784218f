"""Who is this? What the portal makes of somebody for whom an identity provider vouches (SR-5, R13, R21).

Pure domain: the door has verified the assertion. Who signs in is found by (identity provider, subject), the
first time by the claim that is configured for the IdP against the externalId it sent over SCIM, and never by
the portal's own username or email.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.actors import SignIn
from identity.errors import Conflicted, GatehouseError, NotFound, Refused, Taken
from identity.keys import fold, opaque
from identity.models import (
    Conflict,
    Group,
    GroupMapping,
    SSOConnection,
    SSOGroup,
    SSOIdentity,
    SSOUser,
    Status,
    User,
)
from identity.services import conflicts, memberships
from identity.services.locks import again_if_raced, lock, locked
from identity.services.matching import Adopt, Create, Duplicate, Link, Obstacle, Revive, match
from identity.services.provisioning_log import log_refusal
from identity.services.records import PersonRecord
from identity.services.users import change_status

if TYPE_CHECKING:
    from identity.models import Mode

DISABLED = "Your account is disabled. Ask an administrator of your portal."
NOT_PROVISIONED = (
    "{provider} has not sent you to this portal yet. Ask whoever manages {provider} to assign you to the portal."
)
UNKNOWN = "The portal does not know you. Ask an administrator of the portal to let you in."
WAITS = "An account that could be yours exists already. An administrator of the portal has been shown this and decides."


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an IdP said of somebody, verified: the subject, and claims under the names it gave them.

    Standard OpenID Connect names (email, email_verified, given_name, family_name, tid, hd) are there whatever
    the protocol; the door translates SAML's.
    """

    subject: str
    claims: dict[str, Any] = field(default_factory=dict)

    def text(self, claim: str) -> str:
        """A claim's only, or first, value."""
        value = self.claims.get(claim)
        if isinstance(value, list):
            value = value[0] if value else None
        return value if isinstance(value, str) else ""

    def texts(self, claim: str) -> list[str] | None:
        """All values of a claim; None when it is absent, which is not the same as empty."""
        value = self.claims.get(claim)
        if value is None:
            return None
        values = value if isinstance(value, list) else [value]
        return [text for text in values if isinstance(text, str)]

    @property
    def email(self) -> str | None:
        """The address, unless the IdP itself calls it unverified."""
        unverified = self.claims.get("email_verified") in (False, "false", ["false"])
        return None if unverified else self.text("email") or None


def sign_in(connection: SSOConnection, assertion: Assertion, *, address: str = "") -> User:
    """The user who may come in now.

    Raises Refused (disabled, not provisioned, break-glass, …), Conflicted (the Conflict is committed),
    InvalidValue (claims that can't be a username). What is refused leaves a row in the provisioning log.
    """
    actor = _actor(connection, address)
    try:
        found = again_if_raced(lambda: _sign_in(connection, assertion, actor), Taken(WAITS))
    except GatehouseError as error:
        _log(error, connection, assertion, actor)
        raise
    if isinstance(found, Conflict):
        raise Conflicted(WAITS, code=found.reason)
    return found


def _actor(connection: SSOConnection, address: str) -> SignIn:
    provider = connection.identity_provider
    return SignIn(
        identity_provider_id=provider.pk,
        connection_id=connection.pk,
        connection_label=f"Sign-in ({connection.get_protocol_display()})",
        asks_before_adopting=provider.asks_before_adopting,
        address=address,
    )


def _log(error: GatehouseError, connection: SSOConnection, assertion: Assertion, actor: SignIn) -> None:
    name = assertion.text(connection.user_name_claim)[:255]
    log_refusal(
        f"Sign-in of {name or 'somebody'} was refused: {error.sentence}",
        actor=actor,
        status=403,
        code=error.code[:40],
        resource_type="User",
        subject_key=fold(name),
    )


@transaction.atomic
def _sign_in(connection: SSOConnection, assertion: Assertion, actor: SignIn) -> User | Conflict:
    if not opaque(assertion.subject, "subject"):
        raise Refused("The identity provider did not say who you are.", code="no_subject")
    mode = policy.current_mode()
    user = _by_identity(connection, assertion) or _first_time(connection, assertion, mode, actor)
    if isinstance(user, Conflict):
        return user
    _require_open_door(user, connection, mode)
    _remember(user, connection, assertion, actor)
    if not mode.scim_enabled and connection.creates_users:
        _follow_groups(user, connection, assertion, actor)
    return user


def _identities(connection: SSOConnection) -> Any:
    return SSOIdentity.objects.filter(identity_provider=connection.identity_provider_id)


def _by_identity(connection: SSOConnection, assertion: Assertion) -> User | None:
    """Who signed in with this subject before; asked again under the lock, which a release may have held (R7)."""
    known = _identities(connection).filter(subject=assertion.subject)
    identity = known.first()
    if identity is None:
        return None
    user = lock(User, identity.user_id)
    return user if known.filter(user=user).exists() else None


def _first_time(connection: SSOConnection, assertion: Assertion, mode: Mode, actor: SignIn) -> User | Conflict:
    sso_user = _provisioned(connection, assertion)
    if sso_user is not None:
        return lock(User, sso_user.user_id)
    if mode.scim_enabled:
        raise _not_provisioned(connection)
    if not connection.creates_users:
        raise Refused(UNKNOWN, code="unknown_person")
    _require_allowed(connection, assertion)
    return _just_in_time(connection, assertion, actor)


def _not_provisioned(connection: SSOConnection) -> Refused:
    return Refused(NOT_PROVISIONED.format(provider=connection.identity_provider), code="not_provisioned")


def _provisioned(connection: SSOConnection, assertion: Assertion) -> SSOUser | None:
    """SR-5: the configured claim against this IdP's externalId; by userName only where that was allowed."""
    people = SSOUser.objects.of(connection.identity_provider_id)
    if external_id := assertion.text(connection.subject_claim):
        found = list(people.filter(external_id=external_id)[:2])
        if len(found) > 1:
            raise Refused("Several people have your external ID. Ask an administrator.", code="ambiguous")
        if found:
            return found[0]
    if not connection.matches_by_user_name:
        return None
    return _by_user_name(connection, assertion)


def _by_user_name(connection: SSOConnection, assertion: Assertion) -> SSOUser | None:
    """Never to rebind: who signed in before under another subject is not taken over by a namesake."""
    key = fold(assertion.text(connection.user_name_claim))
    sso_user = SSOUser.objects.of(connection.identity_provider_id).filter(user_name_key=key).first() if key else None
    if sso_user is not None and _identities(connection).filter(user=sso_user.user_id).exists():
        raise Refused(
            "This account belongs to somebody who signs in with another identity. Ask an administrator.",
            code="bound_to_another_subject",
        )
    return sso_user


def _require_allowed(connection: SSOConnection, assertion: Assertion) -> None:
    """R21: only people of the named tenant and domains are created just in time."""
    tenants = {assertion.text("tid"), assertion.text("hd")} - {""}
    if connection.allowed_tenant and connection.allowed_tenant not in tenants:
        raise Refused("Your organisation's tenant is not one that this portal lets in.", code="other_tenant")
    domain = fold(assertion.email or "").rpartition("@")[2]
    if connection.domains and domain not in connection.domains:
        raise Refused("Your email's domain is not one that this portal lets in.", code="other_domain")


def _require_open_door(user: User, connection: SSOConnection, mode: Mode) -> None:
    """R13, SR-20, R21: no sign-in opens what was closed."""
    if user.is_break_glass:
        raise Refused("A break-glass account signs in with its password only.", code="break_glass")
    if not user.is_active:
        raise Refused(DISABLED, code="disabled")
    if mode.scim_enabled and not SSOUser.objects.of(connection.identity_provider_id).filter(user=user).exists():
        raise _not_provisioned(connection)


def _remember(user: User, connection: SSOConnection, assertion: Assertion, actor: SignIn) -> None:
    identity, is_new = SSOIdentity.objects.get_or_create(
        identity_provider_id=connection.identity_provider_id,
        subject=assertion.subject,
        defaults={"user": user},
    )
    if identity.user_id != user.pk:
        raise Refused("This identity belongs to somebody else. Ask an administrator.", code="bound_to_another_user")
    identity.last_login_at = timezone.now()
    identity.save(update_fields=["last_login_at"])
    if is_new:
        audit.record(
            "user.sso_identity_linked",
            actor=actor,
            user_id=user.pk,
            details={"connection": connection.slug},
            personal={"subject": assertion.subject},
        )


# --- just in time (R21) ---------------------------------------------------------------------------------


def _just_in_time(connection: SSOConnection, assertion: Assertion, actor: SignIn) -> User | Conflict:
    """By the rules of R1, R5, R6: a new user, an adopted one, or a conflict that an administrator decides."""
    record = _record_of(connection, assertion)
    match match(record, actor):
        case Create():
            return _create(record, actor)
        case Adopt(user):
            return _adopt(user, actor)
        case Link(user, conflict):
            conflicts.settle(conflict)
            return user
        case Revive(user, external_id) if external_id == record.external_id:
            return user  # Disabled, unless an administrator enabled the person again meanwhile
        case Obstacle(user, reason):
            return conflicts.record_conflict(user, reason, record, actor=actor)
        case Revive() | Duplicate():
            raise Refused(
                "Your username belongs to another person of this identity provider. Ask an administrator.",
                code="other_person",
            )


def _record_of(connection: SSOConnection, assertion: Assertion) -> PersonRecord:
    return PersonRecord(
        user_name=assertion.text(connection.user_name_claim),
        external_id=assertion.text(connection.subject_claim) or None,
        email=assertion.email,
        first_name=assertion.text("given_name"),
        last_name=assertion.text("family_name"),
    ).checked()


def _create(record: PersonRecord, actor: SignIn) -> User:
    user = User(
        username=record.user_name,
        username_key=record.user_name_key,
        email=record.email,
        email_key=record.email_key,
        first_name=record.first_name or "",
        last_name=record.last_name or "",
        password=make_password(None),
    )
    user.save(force_insert=True)
    personal = {"username": record.user_name, "email": record.email}
    audit.record("user.created_at_sign_in", actor=actor, user_id=user.pk, personal=personal)
    return user


def _adopt(user: User, actor: SignIn) -> User:
    """R5: an invited user needs the invitation no more; `match` lets nobody through who is Disabled."""
    change_status(user, Status.ENABLED)
    audit.record("user.adopted", actor=actor, user_id=user.pk, details={"status": user.status})
    return user


# --- groups of the claim --------------------------------------------------------------------------------


def _follow_groups(user: User, connection: SSOConnection, assertion: Assertion, actor: SignIn) -> None:
    """R21: mapped groups follow the claim; an absent claim (Entra's group overage) changes nothing and warns."""
    mappings = GroupMapping.objects.filter(sso_group__identity_provider=connection.identity_provider_id)
    if not connection.groups_claim or not mappings.exists():
        return
    named = assertion.texts(connection.groups_claim)
    if named is None:
        audit.record(
            "user.groups_claim_missing", actor=actor, user_id=user.pk, details={"claim": connection.groups_claim}
        )
        return
    fed = locked(Group.objects.filter(pk__in=mappings.values("group")))
    wanted = mappings.filter(sso_group__in=_named_groups(connection, named)).values_list("group_id", flat=True)
    joined, left = memberships.follow_claim(user, {group.pk for group in fed}, set(wanted))
    if joined or left:
        audit.record(
            "user.groups_followed_claim",
            actor=actor,
            user_id=user.pk,
            details={"joined": sorted(joined), "left": sorted(left)},
        )


def _named_groups(connection: SSOConnection, named: list[str]) -> list[SSOGroup]:
    """By externalId, else by name."""
    groups = list(SSOGroup.objects.filter(identity_provider=connection.identity_provider_id))
    by_id = {group.external_id: group for group in groups if group.external_id}
    by_name = {group.display_name_key: group for group in groups}
    found = (by_id.get(text) or by_name.get(fold(text).strip()) for text in named)
    return [group for group in found if group is not None]


def find_connection(slug: str) -> SSOConnection:
    """The connection with this address. Raises NotFound."""
    connection = SSOConnection.objects.select_related("identity_provider").filter(slug=slug).first()
    if connection is None:
        raise NotFound("This connection no longer exists.")
    return connection
