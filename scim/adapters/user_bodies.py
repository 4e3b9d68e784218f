"""A User's POST or PUT body, as a document of the IdP's record (RFC 7644 sections 3.3 and 3.5.1)."""

from __future__ import annotations

from typing import Any

from scim2_models import Context, ScimPolicy

from identity.log_words import NotTaken
from identity.models import SSOUser
from scim.wire import dialects
from scim.wire.errors import UNREADABLE, RequestRefused
from scim.wire.resources import UserResource, schemas_of
from scim.wire.shapes import USER, LeftOut, boolean

Document = dict[str, Any]
Told = tuple[NotTaken, ...]

NAME_PARTS = {"first_name": "givenName", "last_name": "familyName"}

_TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)


class UserBody:
    """The content of a body. A leaver's body that is invalid as a whole is applied as far as possible (R2).

    Each answer is a document, which of names and active it carries, and what was left out.
    """

    def __init__(self, body: Document) -> None:
        self._body = body
        self._left_out = LeftOut()
        self._refusal: Exception | None = None
        try:
            self._plain = dialects.plain_user(body, self._left_out)
            self._document = _validated(self._plain)
        except UNREADABLE as error:
            if not _says_inactive(body):
                raise
            self._refusal = error

    def new(self) -> tuple[Document, set[str], Told]:
        """For a POST, which has no stored values to fall back on."""
        if self._refusal is not None:
            raise self._refusal
        return self._document, carried_by(self._document), self._left_out.told()

    def over(self, sso_user: SSOUser) -> tuple[Document, set[str], Told]:
        """For a PUT."""
        if self._refusal is not None:
            return _what_can_be_taken(self._body, sso_user)
        document = self._document
        if not _takes_external_id_away(self._body, document, sso_user):
            document = _keeping_external_id(document, self._plain, sso_user)
        return document, carried_by(self._document), self._left_out.told()


def carried_by(document: Document) -> set[str]:
    """R4: which of givenName, familyName and active a whole document carries."""
    names = {*NAME_PARTS.values()} if document.get("name") is not None else set()
    return names if document.get("active") is None else {*names, "active"}


def _validated(plain: Document) -> Document:
    resource = UserResource.model_validate(plain, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=_TOLERANT)
    document: Document = resource.model_dump(scim_ctx=Context.DEFAULT)
    return document


def _keeping_external_id(document: Document, plain: Document, sso_user: SSOUser) -> Document:
    """R4: a PUT without externalId keeps it, since sign-in depends on it; null clears it."""
    if "externalId" in plain or not sso_user.external_id:
        return document
    return {**document, "externalId": sso_user.external_id}


def _takes_external_id_away(body: Document, document: Document, sso_user: SSOUser) -> bool:
    """How Rauthy removes users where it may not delete: the record unchanged, by its id, except for externalId.

    Such a body is built from the portal's answer and has its `meta`; a body with other changes is an update.
    """
    names = {name.lower() for name in body}
    if "id" not in names or "meta" in names or "externalId" in document:
        return False
    return _without(document, "schemas", "active") == _without(sso_user.attributes, "schemas", "externalId")


def _without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def _says_inactive(body: Document) -> bool:
    said = [status for name, value in USER.named(body) if (status := _status(name, value)) is not None]
    return said[:1] == [False] and not any(said)


def _status(name: str, value: Any) -> bool | None:
    """The status that a member of a body carries, if readable."""
    try:
        place = USER.place_of_name(name)
        return boolean(value, name) if place is not None and place.path.lower() == "active" else None
    except RequestRefused:
        return None


def _what_can_be_taken(body: Document, sso_user: SSOUser) -> tuple[Document, set[str], Told]:
    """Attribute by attribute; invalid ones keep the stored value and are named in the log."""
    left_out = LeftOut()
    taken: Document = {}
    for name, value in USER.named(body):
        try:
            _require_valid(name, value, sso_user)
            dialects.take(taken, name, value, left_out, USER)
        except UNREADABLE as error:
            left_out.refused(name, error)
            _keep(taken, name, sso_user.attributes)
    if taken.get("userName") is None:  # so not a whole resource: absent attributes stay
        taken = {**sso_user.attributes, **taken, "userName": sso_user.user_name}
    dialects.require_few_values(taken)
    document = _validated({"schemas": schemas_of(taken), **taken})
    return _keeping_external_id(document, taken, sso_user), carried_by(document), left_out.told()


def _require_valid(name: str, value: Any, sso_user: SSOUser) -> None:
    alone: Document = {}
    dialects.take(alone, name, value, LeftOut(), USER)
    if alone:
        _validated({"schemas": schemas_of(alone), "userName": sso_user.user_name, **alone})


def _keep(taken: Document, name: str, stored: Document) -> None:
    """The stored value of the attribute a name stands for, if known."""
    try:
        place = USER.place_of_name(name)
    except RequestRefused:
        return
    if place is None or not place.steps:
        return
    *heads, last = place.steps[:2] if place.head.startswith("urn:") else place.steps[:1]
    home, source = taken, stored
    for head in heads:
        home, source = home.setdefault(head, {}), source.get(head, {})
    if last in source:
        home[last] = source[last]
