"""Passkeys: added, renamed and removed by their owner, and what one proves by signing (SR-21, R22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core import webauthn
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Refused
from identity.core.keys import plain, shows_nothing
from identity.db.locks import lock
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import Passkey, User
from identity.services import notices
from identity.services.notices import SecurityChange
from identity.services.second_factors import after_removal, new_codes

if TYPE_CHECKING:
    from typing import Any

    from identity.core.actors import Actor

LONGEST_NAME = 100
COPIED = "passkey_copied"


def handle_of(user: User) -> str:
    """A user's id on their authenticators: one handle for all their passkeys, so that each device keeps one."""
    known = Passkey.objects.filter(user=user).values_list("user_handle", flat=True).first()
    return known or webauthn.new_user_handle()


def adding(user: User, *, challenge: str, user_handle: str) -> dict[str, Any]:
    """The browser's options for creating a passkey."""
    return webauthn.creation_options(
        challenge=challenge,
        user_handle=user_handle,
        username=user.username,
        display_name=user.display_name,
        known=user.passkeys.values_list("credential_id", flat=True),
    )


def asking(user: User | None, *, challenge: str, alone: bool) -> dict[str, Any]:
    """The browser's options for signing; `user` limits them to that user's passkeys."""
    known = user.passkeys.values_list("credential_id", "transports") if user else ()
    return webauthn.request_options(challenge=challenge, must_verify=alone, known=known)


@transaction.atomic
def add_passkey(
    user: User, *, name: str, answer: str, challenge: str, user_handle: str, actor: Actor
) -> tuple[Passkey, list[str]]:
    """Add a passkey for a user with a password, which it may replace at sign-in.

    `answer` is the browser's, in JSON. The first second step comes with recovery codes, to be shown once; else none.
    Raises Refused, InvalidValue, Taken.
    """
    user = lock(User, user.pk)
    policy.require(Action.ADD_PASSKEY, actor=actor, user=user)
    name, key = _named(name), webauthn.read_new_key(answer, challenge=challenge)
    is_first = not user.has_second_step
    with taken_when("This passkey is in use already."):
        passkey = Passkey.objects.create(
            user=user,
            name=name,
            credential_id=key.credential_id,
            public_key=key.public_key,
            user_handle=user_handle,
            sign_count=key.sign_count,
            is_synced=key.is_synced,
            transports=key.transports,
        )
    _record(Event.USER_PASSKEY_ADDED, passkey, actor)
    notices.tell_of_security_change(user, SecurityChange.PASSKEY_ADDED, detail=name)
    return passkey, new_codes(user) if is_first else []


@transaction.atomic
def rename_passkey(passkey: Passkey, *, name: str, actor: Actor) -> Passkey:
    """Change its label. Raises Refused, InvalidValue, NotFound."""
    passkey = _locked(passkey, actor, Action.RENAME_PASSKEY)
    name = _named(name)
    if name == passkey.name:
        return passkey
    before, passkey.name = passkey.name, name
    passkey.save(update_fields=["name"])
    _record(Event.USER_PASSKEY_RENAMED, passkey, actor, named=audit.change(before, name))
    return passkey


@transaction.atomic
def remove_passkey(passkey: Passkey, *, actor: Actor) -> None:
    """Stop accepting it. Removing the last second step removes the recovery codes too. Raises Refused, NotFound."""
    passkey = _locked(passkey, actor, Action.REMOVE_PASSKEY)
    user, name = passkey.user, passkey.name
    _record(Event.USER_PASSKEY_REMOVED, passkey, actor)
    passkey.delete()
    after_removal(user)
    notices.tell_of_security_change(user, SecurityChange.PASSKEY_REMOVED, detail=name)


def find_passkey(answer: str) -> Passkey | None:
    """The passkey that an answer claims, None if unknown. Raises InvalidValue for a malformed answer."""
    credential_id, user_handle = webauthn.named_in(answer)
    passkey: Passkey | None = Passkey.objects.select_related("user").filter(credential_id=credential_id).first()
    return passkey if passkey and user_handle in ("", passkey.user_handle) else None


def use_passkey(passkey: Passkey, *, answer: str, challenge: str, alone: bool) -> None:
    """Record a sign-in with it. Raises InvalidValue, NotFound, Refused.

    `alone`: without a password, so the device must have checked a PIN, fingerprint or face. A counter that did
    not rise suggests a copied key (WebAuthn section 6.1.1): the sign-in is refused and the owner notified.
    """
    if not _use(passkey, answer, challenge, alone):
        notices.tell_of_security_change(passkey.user, SecurityChange.PASSKEY_REFUSED, detail=passkey.name)
        raise Refused("This passkey was refused: it may have been copied.", code=COPIED)


@transaction.atomic
def _use(passkey: Passkey, answer: str, challenge: str, alone: bool) -> bool:
    """Whether its counter rose. Locked: of two devices with the same count, one comes second."""
    user, passkey = lock(User, passkey.user_id), lock(Passkey, passkey.pk)
    use = webauthn.read_use(
        answer,
        challenge=challenge,
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        must_verify=alone,
    )
    policy.granted(policy.for_oneself(Action.SIGN_IN_BY_PASSKEY, user))  # after a valid signature the reason is shown
    if (use.sign_count or passkey.sign_count) and use.sign_count <= passkey.sign_count:
        return False
    passkey.sign_count, passkey.is_synced, passkey.last_used_at = use.sign_count, use.is_synced, timezone.now()
    passkey.save(update_fields=["sign_count", "is_synced", "last_used_at"])
    return True


def _locked(passkey: Passkey, actor: Actor, action: Action) -> Passkey:
    """After its owner, as every writer does."""
    user = lock(User, passkey.user_id)
    policy.require(action, actor=actor, user=user)
    found = lock(Passkey, passkey.pk)
    found.user = user
    return found


def _named(name: str) -> str:
    if shows_nothing(name):
        raise InvalidValue("name", "must not be empty")
    return plain(name, "name", limit=LONGEST_NAME)


def _record(event: Event, passkey: Passkey, actor: Actor, *, named: Any = None) -> None:
    audit.record(
        event,
        actor=actor,
        user_id=passkey.user_id,
        details={"passkey": passkey.pk},
        personal={"name": named or passkey.name},
    )
