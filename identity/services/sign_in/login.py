"""From a verified assertion to a portal user (SR-5, R13, R21).

Pure domain: the door has verified the assertion. The user is found by (identity provider, subject), the
first time by the IdP's configured claim against the externalId it sent over SCIM, and never by
the portal's own username or email.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.actors import SignIn
from identity.core.errors import Conflicted, GatehouseError, NotFound, Refused, Taken
from identity.core.keys import opaque, sought
from identity.core.refusals import Refusal
from identity.core.words import as_data
from identity.db.locks import again_if_raced, lock
from identity.events import Event
from identity.log_words import What, refusal_as_data
from identity.models import Conflict, SSOConnection, SSOIdentity, SSOUser, User
from identity.safeguards.people import account_disabled, comes_in_by_password_only
from identity.safeguards.table import keep
from identity.services.provisioning.log import Outcome, log_refusal, log_write
from identity.services.sign_in.assertions import Assertion
from identity.services.sign_in.just_in_time import admit, follow_groups

if TYPE_CHECKING:
    from identity.core.decisions import Mode

MOST_NAMESAKES = 10
WAITS = Refusal.WAITS()


def sign_in(connection: SSOConnection, assertion: Assertion, *, address: str = "") -> User:
    """The user to sign in.

    Raises Refused (disabled, not provisioned, break-glass, …), Conflicted (the Conflict is committed),
    InvalidValue (claims that can't be a username). A refusal leaves a row in the provisioning log.
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


def record_failure(connection: SSOConnection, *, code: str, sentence: str, advice: str, address: str) -> int:
    """The round trip itself failed: the id of the log row that tells administrators why, and what to do."""
    entry = log_write(
        What.SIGN_IN_FAILED,
        params=refusal_as_data(sentence),
        actor=_actor(connection, address),
        outcome=Outcome.REFUSED,
        status=403,
        code=code[:40],
        resource_type="User",
        details={"what_to_do": as_data(advice)} if advice else {},
    )
    return entry.pk


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sign-in would result in: the user (`user_id` is None for a new one), or why it would fail."""

    username: str = ""
    user_id: int | None = None
    code: str = ""
    sentence: str = ""


def rehearse(connection: SSOConnection, assertion: Assertion) -> Rehearsal:
    """`sign_in`, rolled back: for "test this connection". Nothing is written, not even a refusal."""
    try:
        with transaction.atomic():
            found = _sign_in(connection, assertion, _actor(connection, ""))
            transaction.set_rollback(True)
    except GatehouseError as error:
        return Rehearsal(code=error.code, sentence=error.sentence)
    if isinstance(found, Conflict):
        return Rehearsal(code=found.reason, sentence=WAITS)
    known = User.objects.filter(pk=found.pk).exists()
    return Rehearsal(username=found.username, user_id=found.pk if known else None)


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
        error.sentence,
        what=What.SIGN_IN_REFUSED,
        **({"name": name} if name else {}),
        actor=actor,
        status=403,
        code=error.code[:40],
        resource_type="User",
        subject_key=sought(name),
    )


@transaction.atomic
def _sign_in(connection: SSOConnection, assertion: Assertion, actor: SignIn) -> User | Conflict:
    if not opaque(assertion.subject, "subject"):
        raise Refused(Refusal.NO_SUBJECT(), code="no_subject")
    mode = policy.current_mode()
    user = _by_identity(connection, assertion) or _first_time(connection, assertion, mode, actor)
    if isinstance(user, Conflict):
        return user
    _require_open_door(user, connection, mode)
    _remember(user, connection, assertion, actor)
    if not mode.scim_enabled and connection.creates_users:
        follow_groups(user, connection, assertion, actor)
    return user


def _identities(connection: SSOConnection) -> Any:
    return SSOIdentity.objects.filter(identity_provider=connection.identity_provider_id)


def lacks_something(connection: SSOConnection, assertion: Assertion) -> bool:
    """Whether this person is new here and the assertion lacks what finding or creating them takes."""
    if _identities(connection).filter(subject=assertion.subject).exists():
        return False
    wanted = {connection.subject_claim}
    if connection.matches_by_user_name or (connection.creates_users and not policy.current_mode().scim_enabled):
        wanted |= {connection.user_name_claim, assertion.names.get("email", "email")}
    return not all(assertion.text(claim) for claim in wanted)


def _by_identity(connection: SSOConnection, assertion: Assertion) -> User | None:
    """The user who signed in with this subject before; rechecked under the lock, which a release may have held (R7)."""
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
        raise Refused(Refusal.UNKNOWN_PERSON(), code="unknown_person")
    return admit(connection, assertion, actor)


def _not_provisioned(connection: SSOConnection) -> Refused:
    return Refused(Refusal.NOT_PROVISIONED(provider=connection.identity_provider), code="not_provisioned")


def _provisioned(connection: SSOConnection, assertion: Assertion) -> SSOUser | None:
    """SR-5: the configured claim against this IdP's externalId; by userName only where that was allowed."""
    people = SSOUser.objects.of(connection.identity_provider_id)
    if external_id := assertion.text(connection.subject_claim):
        found = list(people.filter(external_id=external_id)[:MOST_NAMESAKES])
        if len(found) > 1 and connection.identity_provider.identifies_by_external_id:
            found = [one for one in found if one.active] or found  # all one person, sent anew after a rename (R9)
        if len(found) > 1:
            raise Refused(Refusal.AMBIGUOUS(), code="ambiguous")
        if found:
            return found[0]
    if not connection.matches_by_user_name:
        return None
    return _by_user_name(connection, assertion)


def _by_user_name(connection: SSOConnection, assertion: Assertion) -> SSOUser | None:
    """Never rebinds: an account with another subject is not taken over by a namesake."""
    key = sought(assertion.text(connection.user_name_claim))
    sso_user = SSOUser.objects.of(connection.identity_provider_id).filter(user_name_key=key).first() if key else None
    if sso_user is not None and _identities(connection).filter(user=sso_user.user_id).exists():
        raise Refused(
            Refusal.BOUND_TO_ANOTHER_SUBJECT(),
            code="bound_to_another_subject",
        )
    return sso_user


def _require_open_door(user: User, connection: SSOConnection, mode: Mode) -> None:
    """R13, SR-20, R21: SSO never opens a closed account."""
    keep(user, comes_in_by_password_only, account_disabled)
    if mode.scim_enabled and not SSOUser.objects.of(connection.identity_provider_id).filter(user=user).exists():
        raise _not_provisioned(connection)


def _remember(user: User, connection: SSOConnection, assertion: Assertion, actor: SignIn) -> None:
    identity, is_new = SSOIdentity.objects.get_or_create(
        identity_provider_id=connection.identity_provider_id,
        subject=assertion.subject,
        defaults={"user": user},
    )
    if identity.user_id != user.pk:
        raise Refused(Refusal.BOUND_TO_ANOTHER_USER(), code="bound_to_another_user")
    identity.last_login_at = timezone.now()
    identity.save(update_fields=["last_login_at"])
    if is_new:
        audit.record(
            Event.USER_SSO_IDENTITY_LINKED,
            actor=actor,
            user_id=user.pk,
            details={"connection": connection.slug},
            personal={"subject": assertion.subject},
        )


@transaction.atomic
def record_logout(connection: SSOConnection, user_ids: Iterable[int]) -> None:
    """Sessions that ended because these people signed out at the identity provider."""
    actor = _actor(connection, "")
    for user_id in user_ids:
        audit.record(Event.USER_SIGNED_OUT_BY_PROVIDER, actor=actor, user_id=user_id)


def find_connection(slug: str) -> SSOConnection:
    """The connection with this slug. Raises NotFound."""
    connection = SSOConnection.objects.select_related("identity_provider").filter(slug=slug).first()
    if connection is None:
        raise NotFound(Refusal.CONNECTION_GONE())
    return connection
