"""People and groups from sign-ins while SCIM is off (R21)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet

from identity import audit
from identity.core.actors import SignIn
from identity.core.errors import Refused
from identity.core.keys import sought
from identity.core.refusals import Refusal
from identity.db.locks import locked
from identity.events import Event
from identity.models import (
    Conflict,
    Group,
    GroupMapping,
    RetiredResource,
    SSOConnection,
    SSOGroup,
    SSOIdentity,
    SSOUser,
    Status,
    User,
)
from identity.services import notices
from identity.services.provisioning import conflicts, memberships
from identity.services.provisioning.matching import (
    Adopt,
    Create,
    CreateAs,
    Duplicate,
    Link,
    Obstacle,
    Resume,
    Revive,
    match,
)
from identity.services.provisioning.statements import PersonRecord
from identity.services.sign_in.assertions import Assertion
from identity.services.sign_in.group_claims import UnreadableClaim, read_groups
from identity.services.users import change_status, end_credentials

TAKEN = Conflict.Reason.ALREADY_LINKED
# What requires an administrator's decision before another person signs in to the account.
GRAVER = frozenset({Conflict.Reason.BREAK_GLASS, Conflict.Reason.OTHER_PROVIDER, Conflict.Reason.PRIVILEGED, TAKEN})


def admit(connection: SSOConnection, assertion: Assertion, actor: SignIn) -> User | Conflict:
    """By the rules of R1, R5, R6: a new user, an adopted one, or a conflict for an administrator.

    Raises Refused for another domain or tenant, and InvalidValue.
    """
    _require_allowed(connection, assertion)
    record = _record_of(connection, assertion)
    found = match(record, actor)
    if isinstance(found, Create):
        return _create(record, actor)
    if isinstance(found, CreateAs):
        conflicts.settle(found.conflict)
        return _create(found.called_here(record), actor)
    if isinstance(found, Link):
        return _link(found, actor)
    user, reason = _whose(found, record, assertion.subject, actor)
    if reason:
        return _collide(user, reason, record, actor)
    if isinstance(found, Adopt):
        _adopt(user, actor)
    return user  # of a removed record: Disabled, unless an administrator has enabled the user again


def _record_of(connection: SSOConnection, assertion: Assertion) -> PersonRecord:
    return PersonRecord(
        user_name=assertion.text(connection.user_name_claim),
        external_id=assertion.text(connection.subject_claim) or assertion.subject,
        email=assertion.email,
        first_name=assertion.standard("given_name"),
        last_name=assertion.standard("family_name"),
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
    audit.record(Event.USER_CREATED_AT_SIGN_IN, actor=actor, user_id=user.pk, personal=personal)
    return user


def _adopt(user: User, actor: SignIn) -> User:
    """R5: an invited user no longer needs the invitation; `match` never returns a Disabled account."""
    change_status(user, Status.ENABLED)
    audit.record(Event.USER_ADOPTED, actor=actor, user_id=user.pk, details={"status": user.status})
    return user


def _link(found: Link, actor: SignIn) -> User:
    """R7: earlier identities of the account are dropped; an administrator has decided whose it is."""
    conflicts.settle(found.conflict)
    forgotten, _ = _identities(found.user, actor).delete()
    if forgotten:
        end_credentials(found.user)
    audit.record(Event.USER_LINKED, actor=actor, user_id=found.user.pk, details={"identities_forgotten": forgotten})
    return found.user


# --- whose account it is ---


def _whose(
    found: Adopt | Revive | Resume | Obstacle | Duplicate, record: PersonRecord, subject: str, actor: SignIn
) -> tuple[User, str]:
    """The account that is meant, and why it takes an administrator, if it does.

    R5: an identity provider that POSTs a record vouches for who it is; at sign-in the person does. So an account used
    by one person of this identity provider is never another's, even under the same username and email.
    """
    if isinstance(found, Duplicate):
        return SSOUser.objects.of(actor.identity_provider_id).get(user_name_key=record.user_name_key).user, TAKEN
    if isinstance(found, Obstacle) and found.reason in GRAVER:
        return found.user, found.reason
    if _is_somebody_elses(found.user, record, subject, actor):
        return found.user, Conflict.Reason.OTHER_PERSON
    return found.user, found.reason if isinstance(found, Obstacle) else ""


def _is_somebody_elses(user: User, record: PersonRecord, subject: str, actor: SignIn) -> bool:
    """Whether a first sign-in is by another person than before, or than a record with another externalId.

    Asked under the account's lock: of one person's concurrent sign-ins, the first has created the identity (SR-36).
    """
    known = set(_identities(user, actor).values_list("subject", flat=True))
    if known:
        return subject not in known
    records = RetiredResource.objects.users_of(actor.identity_provider_id).filter(user=user)
    last = records.order_by("retired_at").last()
    return last is not None and last.external_id != record.external_id


def _identities(user: User, actor: SignIn) -> QuerySet[SSOIdentity]:
    rows: QuerySet[SSOIdentity] = SSOIdentity.objects.filter(user=user, identity_provider_id=actor.identity_provider_id)
    return rows


def _collide(user: User, reason: str, record: PersonRecord, actor: SignIn) -> Conflict:
    conflict = conflicts.record_conflict(user, reason, record, actor=actor)
    if reason in {TAKEN, Conflict.Reason.OTHER_PERSON} and conflict.tries == 1:
        notices.tell_administrators_of_another_person(conflict)
    return conflict


def _require_allowed(connection: SSOConnection, assertion: Assertion) -> None:
    """R21: only people of the configured tenant and domains are created just in time."""
    tenants = {assertion.text("tid"), assertion.text("hd")} - {""}
    if connection.allowed_tenant and connection.allowed_tenant not in tenants:
        raise Refused(Refusal.OTHER_TENANT(), code="other_tenant")
    domain = sought(assertion.email or "").rpartition("@")[2]
    if connection.domains and domain not in connection.domains:
        raise Refused(Refusal.OTHER_DOMAIN(), code="other_domain")


# --- groups of the claim --------------------------------------------------------------------------------


def follow_groups(user: User, connection: SSOConnection, assertion: Assertion, actor: SignIn) -> None:
    """R21: mapped groups follow the claim; an absent (Entra's group overage) or unreadable one changes nothing.

    Both write a warning to the audit trail: neither means "no groups".
    """
    mappings = GroupMapping.objects.filter(sso_group__identity_provider=connection.identity_provider_id)
    if not connection.groups_claim or not mappings.exists():
        return
    claim = assertion.claims.get(connection.groups_claim)
    if claim is None:
        details = {"claim": connection.groups_claim, "overage": assertion.leaves_groups_out}
        audit.record(Event.USER_GROUPS_CLAIM_MISSING, actor=actor, user_id=user.pk, details=details)
        return
    try:
        named = _named_groups(connection, claim)
    except UnreadableClaim as error:
        details = {"claim": connection.groups_claim, "problem": str(error)}
        audit.record(Event.USER_GROUPS_CLAIM_UNREADABLE, actor=actor, user_id=user.pk, details=details)
        return
    fed = locked(Group.objects.filter(pk__in=mappings.values("group")))
    wanted = mappings.filter(sso_group__in=named).values_list("group_id", flat=True)
    joined, left = memberships.follow_claim(user, {group.pk for group in fed}, set(wanted))
    if joined or left:
        event = audit.record(
            Event.USER_GROUPS_FOLLOWED_CLAIM,
            actor=actor,
            user_id=user.pk,
            details={"joined": sorted(joined), "left": sorted(left)},
        )
        audit.record_moves(event, joined=_pairs(joined, user), left=_pairs(left, user))


def _pairs(group_ids: set[int], user: User) -> list[memberships.Pair]:
    return [(group_id, user.pk) for group_id in sorted(group_ids)]


def _named_groups(connection: SSOConnection, claim: Any) -> list[SSOGroup]:
    """Each by its externalId, else by its name. Raises UnreadableClaim."""
    groups = list(SSOGroup.objects.filter(identity_provider=connection.identity_provider_id))
    by_id = {group.external_id: group for group in groups if group.external_id}
    by_name = {group.display_name_key: group for group in groups}

    def find(text: str) -> SSOGroup | None:
        return by_id.get(text) or by_name.get(sought(text))

    said = read_groups(claim, is_known=lambda text: find(text) is not None)
    found = (next(filter(None, map(find, names)), None) for names in said)
    return [group for group in found if group is not None]
