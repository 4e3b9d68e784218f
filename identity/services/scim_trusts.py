"""SCIM clients without a stored secret: who is trusted, and the access tokens that assertions get (R29)."""

from __future__ import annotations

import re
import uuid
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from identity import audit, policy
from identity.core import key_sets, secrets
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Outdated
from identity.core.keys import label_or, plain
from identity.core.networks import networks
from identity.core.refusals import Refusal
from identity.core.words import Sentence
from identity.db.locks import lock
from identity.events import Event
from identity.models import IdentityProvider, SCIMToken, SCIMTrust, SpentAssertion
from identity.services import notices
from identity.services.sso_connections import check_address

if TYPE_CHECKING:
    from identity.core.actors import Actor

ACCESS_SECONDS = 3600
MOST_AUDIENCES = 10
REFUSALS_APART = timedelta(seconds=1)

_TOLD = {
    Event.SCIM_TRUST_CREATED: "SCIM trust created",
    Event.SCIM_TRUST_EDITED: "SCIM trust changed",
    Event.SCIM_TRUST_DELETED: "SCIM trust deleted",
}
# Entra shows one form of an application's name, and its tokens carry another (api://ID/.default, api://ID, ID).
_ENTRA_AUDIENCE = re.compile(r"(?:api://)?([0-9a-fA-F-]{36})(?:/\.default)?")
_SPEND = """
    INSERT INTO identity_spentassertion (digest, expires_at) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """A trust as an administrator states it; `audiences` one per line. Empty texts are explained at `SCIMTrust`."""

    label: str = ""
    issuer: str = ""
    subject: str = ""
    audiences: str = ""
    authorized_party: str = ""
    key_set_url: str = ""
    key_set: str = ""
    requires_id: bool = True
    networks: str = ""
    is_read_only: bool = False


# What its access tokens take from a trust, at once when it changes; of the rest, tokens that were got otherwise end.
_TAKEN_OVER = ("label", "networks", "is_read_only")
_CONDITIONS = tuple(setting.name for setting in fields(TrustSettings) if setting.name not in _TAKEN_OVER)


def preset(kind: str) -> TrustSettings:
    """What is known of this kind of IdP: the access tokens that Entra ID sends as assertions have no ID (jti)."""
    return TrustSettings(requires_id=kind != IdentityProvider.Kind.ENTRA)


@transaction.atomic
def create_trust(identity_provider: IdentityProvider, *, said: TrustSettings, actor: Actor) -> SCIMTrust:
    """A new trust, with the client ID to enter at the IdP. Raises InvalidValue."""
    identity_provider = lock(IdentityProvider, identity_provider.pk)
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=identity_provider)
    trust = SCIMTrust(
        identity_provider=identity_provider, client_id=str(uuid.uuid4()), created_by=getattr(actor, "user", None)
    )
    _apply(trust, said)
    trust.save(force_insert=True)
    _record(Event.SCIM_TRUST_CREATED, trust, actor, {"client_id": trust.client_id, **_told_of(_facts(trust))})
    return trust


@transaction.atomic
def edit_trust(trust: SCIMTrust, *, said: TrustSettings, actor: Actor) -> SCIMTrust:
    """Change whom it trusts; the client ID stays. Access tokens got under other conditions end. Raises InvalidValue."""
    provider = lock(IdentityProvider, trust.identity_provider_id)
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=provider)
    trust = lock(SCIMTrust, trust.pk)
    before = _facts(trust)
    _apply(trust, said)
    trust.save()
    after = _facts(trust)
    told_before, told_after = _told_of(before), _told_of(after)
    changed = {name: audit.change(told_before[name], told_after[name]) for name in after if before[name] != after[name]}
    if any(name in changed for name in _CONDITIONS):
        trust.access_tokens.all().delete()
    trust.access_tokens.update(**{name: getattr(trust, name) for name in _TAKEN_OVER})
    _record(Event.SCIM_TRUST_EDITED, trust, actor, changed)
    return trust


@transaction.atomic
def delete_trust(trust: SCIMTrust, *, actor: Actor) -> None:
    """Its access tokens end with it: the next request with one gets 401."""
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    trust = lock(SCIMTrust, trust.pk)
    _record(Event.SCIM_TRUST_DELETED, trust, actor, {"client_id": trust.client_id, **_told_of(_facts(trust))})
    trust.delete()


@transaction.atomic
def issue_token(trust: SCIMTrust, *, assertion_id: str, good_until: datetime) -> tuple[SCIMToken, str] | None:
    """An access token for a verified assertion; None if its ID was used before.

    Raises NotFound and Outdated if the trust was deleted or changed since the assertion was checked.
    """
    current = lock(SCIMTrust, trust.pk)
    if _facts(current) != _facts(trust):
        raise Outdated(Refusal.TRUST_CHANGED())
    if assertion_id and not _spend(current, assertion_id, good_until):
        return None
    now = timezone.now()
    _forget_expired(current, now)
    secret = secrets.new_token(secrets.ACCESS_PREFIX)
    token = SCIMToken.objects.create(
        identity_provider_id=current.identity_provider_id,
        trust=current,
        **{name: getattr(current, name) for name in _TAKEN_OVER},
        digest=secrets.digest(secret),
        hint=secrets.hint(secret),
        expires_at=now + timedelta(seconds=ACCESS_SECONDS),
    )
    SCIMTrust.objects.filter(pk=current.pk).update(last_accepted_at=now)
    return token, secret


def was_used(trust: SCIMTrust, assertion_id: str) -> bool:
    return SpentAssertion.objects.filter(digest=_digest(trust, assertion_id)).exists()


def _digest(trust: SCIMTrust, assertion_id: str) -> str:
    """The ID is unique at its issuer (RFC 7519 section 4.1.7)."""
    return secrets.digest(f"{trust.expected_issuer}\0{assertion_id}")


def _spend(trust: SCIMTrust, assertion_id: str, good_until: datetime) -> bool:
    """Whether this is the first use."""
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [_digest(trust, assertion_id), connection.ops.adapt_datetimefield_value(good_until)])
        return bool(cursor.rowcount)


def _forget_expired(trust: SCIMTrust, now: datetime) -> None:
    """Except the one that was used last, which says when the IdP was last heard."""
    used = trust.access_tokens.exclude(last_used_at=None).order_by("-last_used_at").values_list("pk", flat=True)[:1]
    trust.access_tokens.filter(expires_at__lt=now).exclude(pk__in=list(used)).delete()


def forget_spent_assertions() -> int:
    """Delete those that have expired, which nobody accepts any more; how many."""
    return SpentAssertion.objects.filter(expires_at__lt=timezone.now()).delete()[0]


def note_refusal(trust: SCIMTrust, *, check: str, fact: Sentence) -> None:
    """Keep why an assertion was refused, for the administrator who sets it up; at most one each second."""
    now = timezone.now()
    rows = SCIMTrust.objects.filter(pk=trust.pk).exclude(last_refused_at__gt=now - REFUSALS_APART)
    rows.update(last_refused_at=now, last_refusal={"check": check, "fact": fact.data})


def _apply(trust: SCIMTrust, said: TrustSettings) -> None:
    provider = trust.identity_provider
    trust.label = label_or(said.label, "SCIM trust")
    trust.issuer = _name(said.issuer, "issuer", 500)
    trust.subject = _name(said.subject, "subject", 255)
    trust.authorized_party = _name(said.authorized_party, "authorized party", 255)
    trust.audiences = "\n".join(_audiences(said.audiences, provider.kind))
    trust.requires_id, trust.is_read_only = said.requires_id, said.is_read_only
    trust.networks = networks(said.networks)
    _apply_keys(trust, said.key_set_url.strip(), said.key_set.strip())


def _name(text: str, attribute: str, limit: int) -> str:
    """Compared letter by letter, so only what surrounds it is removed."""
    return plain(text, attribute, limit=limit) if text.strip() else ""


def _audiences(text: str, kind: str) -> list[str]:
    named = [_name(line, "audiences", 500) for line in text.splitlines() if line.strip()]
    if kind == IdentityProvider.Kind.ENTRA:
        named = [form for name in named for form in _entra_forms(name)]
    named = list(dict.fromkeys(named))
    if len(named) > MOST_AUDIENCES:
        raise InvalidValue("audiences", f"must be at most {MOST_AUDIENCES}")
    return named


def _entra_forms(name: str) -> list[str]:
    found = _ENTRA_AUDIENCE.fullmatch(name)
    return [name] if found is None else [f"api://{found[1]}", found[1], f"api://{found[1]}/.default"]


def _apply_keys(trust: SCIMTrust, url: str, pasted: str) -> None:
    if bool(url) == bool(pasted):
        raise InvalidValue("key set URL", "or a key set must be given, and not both")
    if url:
        check_address(url, "key set URL", may_have_query=True)
    trust.key_set_url = plain(url, "key set URL", limit=500) if url else ""
    trust.key_set = key_sets.pasted(pasted, "key set") if pasted else ""


def _facts(trust: SCIMTrust) -> dict[str, Any]:
    return {name: getattr(trust, name) for name in asdict(TrustSettings())}


def _told_of(facts: dict[str, Any]) -> dict[str, Any]:
    """As the audit log keeps them: of pasted keys, their thumbprints (RFC 7638)."""
    pasted = facts["key_set"]
    return {**facts, "key_set": " ".join(key_sets.thumbprints(pasted)) if pasted else ""}


def _record(action: Event, trust: SCIMTrust, actor: Actor, details: dict[str, Any]) -> None:
    """Record it, and mail the owners."""
    audit.record(
        action, actor=actor, identity_provider_id=trust.identity_provider_id, details={"trust": trust.pk, **details}
    )
    notices.tell_owners_of_trust(trust.identity_provider, _TOLD[action], str(trust), actor=actor)
