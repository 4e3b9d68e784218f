"""What an identity provider says of a person is stored, and the portal follows where the rules say so (R2, R4, R8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from identity import audit
from identity.db.compiled import insert_all
from identity.events import Event
from identity.models import (
    SSOUser,
    SSOUserValue,
    Status,
    User,
)
from identity.services.users import set_status

if TYPE_CHECKING:
    from identity.core.actors import Provisioner
    from identity.services.provisioning.statements import PersonRecord

MOST_SHARES = 3


@dataclass(slots=True)
class Update:
    """The effects of an update, collected for the log row and the audit event."""

    changed: list[str]
    ignored: dict[str, dict[str, Any]]
    personal: dict[str, Any]
    status_changed: bool = False
    shares: Sequence[int] = ()

    @property
    def is_any(self) -> bool:
        return bool(self.changed or self.status_changed)


def follow(sso_user: SSOUser, record: PersonRecord, actor: Provisioner) -> Update:
    """R2, R4, R8: the record holds the IdP's current values, and the portal follows where the rules say so."""
    user = sso_user.user
    update = Update([], {}, {})
    record = _settle_user_name(sso_user, record, update)
    _settle_email(sso_user, record, update)
    _follow_profile(user, record, update)
    stored = _store_record(sso_user, record, update)
    update.status_changed = _follow_status(user, record, actor)
    if stored or update.status_changed or update.changed:
        sso_user.version += 1
        sso_user.modified_at = timezone.now()
        sso_user.overruled = sso_user.overruled and record.active is None
        sso_user.save(update_fields=[*stored, "overruled", "version", "modified_at"])
    if "external_id" in stored:
        update.shares = _shares_external_id(sso_user)
    if stored or update.changed:
        audit.record(
            Event.USER_UPDATED,
            actor=actor,
            user_id=user.pk,
            details={"changed": sorted({*stored, *update.changed}), "ignored": sorted(update.ignored)},
            personal={**update.personal, **update.ignored},
        )
    update.changed.extend(stored)
    return update


def _shares_external_id(sso_user: SSOUser) -> list[int]:
    """Other accounts whose records of this IdP have the same externalId (R9)."""
    if sso_user.external_id is None:
        return []
    others = SSOUser.objects.of(sso_user.identity_provider_id).filter(external_id=sso_user.external_id)
    return list(others.exclude(pk=sso_user.pk).values_list("user_id", flat=True)[:MOST_SHARES])


def _settle_user_name(sso_user: SSOUser, record: PersonRecord, update: Update) -> PersonRecord:
    """R2: a later userName is stored on the IdP's record only; one of its other records' is refused or dropped.

    The portal's usernames are a separate space: renames and swaps at the IdP always complete.
    """
    if record.user_name == sso_user.user_name:
        return record
    if record.user_name_key != sso_user.user_name_key and _is_taken(record.user_name_key, sso_user):
        if not _results_inactive(sso_user, record):
            raise record.taken()
        update.ignored["userName"] = audit.change(sso_user.user_name, record.user_name)
        return record.named(sso_user.user_name)
    if record.user_name_key != sso_user.user.username_key:
        update.ignored["userName"] = audit.change(sso_user.user.username, record.user_name)
    return record


def _is_taken(key: str, sso_user: SSOUser) -> bool:
    records = SSOUser.objects.of(sso_user.identity_provider_id).filter(user_name_key=key)
    return bool(records.exclude(pk=sso_user.pk).exists())


def _results_inactive(sso_user: SSOUser, record: PersonRecord) -> bool:
    if record.active is None:
        return sso_user.user.status == Status.DISABLED
    return not record.active


def _settle_email(sso_user: SSOUser, record: PersonRecord, update: Update) -> None:
    """R2: a missing email is taken when it arrives, if free; a later one is only stored."""
    user = sso_user.user
    if record.no_address and sso_user.attributes.get("emails") != record.attributes.get("emails"):
        update.ignored["email"] = audit.change(user.email, record.no_address)
    if record.email_key in {None, user.email_key}:
        return
    if user.email is not None or User.objects.filter(email_key=record.email_key).exists():
        if record.email_key != sso_user.email_key:  # logged once, not with each request that repeats it
            update.ignored["email"] = audit.change(user.email, record.email)
        return
    user.email, user.email_key = record.email, record.email_key
    user.save(update_fields=["email", "email_key"])
    update.changed.append("email")
    update.personal["email"] = audit.change(None, record.email)


def follow_names(user: User, record: PersonRecord) -> dict[str, Any]:
    changes = {}
    for name in ("first_name", "last_name"):
        value = getattr(record, name)
        if value is not None and value != getattr(user, name):
            changes[name] = audit.change(getattr(user, name), value)
            setattr(user, name, value)
    return changes


def _follow_profile(user: User, record: PersonRecord, update: Update) -> None:
    """R4: names follow every change that carries them, even over an administrator's edit."""
    changes = follow_names(user, record)
    if changes:
        user.save(update_fields=[*changes])
        update.changed.extend(changes)
        update.personal.update(changes)


def _follow_status(user: User, record: PersonRecord, actor: Provisioner) -> bool:
    if record.active is None:
        return False
    return set_status(user, Status.ENABLED if record.active else Status.DISABLED, actor=actor)


def _store_record(sso_user: SSOUser, record: PersonRecord, update: Update) -> list[str]:
    """Store the IdP's own view; the names of the columns that changed."""
    new: dict[str, Any] = {
        "user_name": record.user_name,
        "user_name_key": record.user_name_key,
        "external_id": record.external_id,
        "email": record.email,
        "email_key": record.email_key,
        "attributes": record.attributes,
        "keys": record.keys,
    }
    if record.active is not None:
        new["active"] = record.active
    changed = [name for name, value in new.items() if getattr(sso_user, name) != value]
    has_new_values = _multi_valued(sso_user.attributes) != _multi_valued(record.attributes)
    for name in changed:
        setattr(sso_user, name, new[name])
    if has_new_values:
        sso_user.values.all().delete()
        store_values(sso_user, record)
    return changed


def _multi_valued(attributes: dict[str, Any]) -> dict[str, list[Any]]:
    """The multi-valued attributes, from which `PersonRecord.values` is made."""
    return {name: value for name, value in attributes.items() if isinstance(value, list)}


def store_values(sso_user: SSOUser, record: PersonRecord) -> None:
    rows = [
        SSOUserValue(sso_user=sso_user, attribute=name, key=str(data.get("value", ""))[:255], data=data)
        for name, data in record.values
    ]
    insert_all(rows)
