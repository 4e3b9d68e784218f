"""The SCIM resources as scim2-models classes: published at `/Schemas` and used to read requests.

Class names appear in `/Schemas`. Types are looser than the library's where one odd value must not reject
the whole person: an email is any string (the canonical key decides), a photo need not be a URI.
"""

from __future__ import annotations

import base64
from datetime import datetime
from functools import cache
from typing import Annotated, Any

import scim2_models as scim
from pydantic import Base64Bytes, Field, PlainSerializer, WrapValidator
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Extension,
    Mutability,
    Reference,
    Required,
    Uniqueness,
)

PORTAL_USER = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:User"
PORTAL_GROUP = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def _itself(member: scim.ExtensibleStringEnum, *_: Any) -> scim.ExtensibleStringEnum:
    return member


# A non-canonical type is an enum member without a name: before Python 3.11.4 (Debian 12 has 3.11.2), copying one
# looks up its name, and a PATCH copies the resource.
setattr(scim.ExtensibleStringEnum, "__copy__", _itself)  # noqa: B010 - mypy knows of no such method
setattr(scim.ExtensibleStringEnum, "__deepcopy__", _itself)  # noqa: B010


class Email(scim.Email):
    value: str | None = None
    """Email address of the user."""


class Photo(scim.Photo):
    value: str | None = None
    """URL of a photo of the user."""


def wire_name(model: type[scim.BaseModel], field: str) -> str:
    """An attribute's name on the wire, such as `$ref`."""
    return model.model_fields[field].serialization_alias or field


def padded(text: str) -> str:
    """Base64 with the padding that may be omitted (RFC 7643 section 2.3.6)."""
    return text if "=" in text else text + "=" * (-len(text) % 4)


def decoded(text: str) -> bytes:
    """Raises ValueError for characters outside the alphabet, and for wrong padding."""
    return base64.b64decode(padded(text), validate=True)


class _Binary(bytes):
    """Bytes that remember their original Base64, which is returned unchanged."""

    text = ""


def _as_sent(value: Any, handler: Any) -> Any:
    if not isinstance(value, str):
        return value if isinstance(value, _Binary) else handler(value)
    binary = _Binary(decoded(value))
    binary.text = value
    return binary


def _text_of(value: Any) -> Any:
    return value.text if isinstance(value, _Binary) else value


class X509Certificate(scim.X509Certificate):
    value: Annotated[Base64Bytes | None, WrapValidator(_as_sent), PlainSerializer(_text_of)] = None
    """The value of an X.509 certificate."""


class PortalUser(Extension):
    """What became of the person in the portal, read-only."""

    # docs/design/rules.md: two sides and a bridge; R2, R3, R11.
    __schema__ = URN(PORTAL_USER)

    username: Annotated[str | None, Mutability.read_only, Uniqueness.server] = None
    """The username in the portal: taken once, permanent."""

    email: Annotated[str | None, Mutability.read_only] = None
    """The email in the portal: taken once."""

    status: Annotated[str | None, Mutability.read_only] = Field(None, examples=["enabled", "disabled"])
    """Whether the person may use the portal: enabled or disabled."""

    last_active: Annotated[datetime | None, Mutability.read_only] = None
    """When the person last signed in; missing until they have."""


class PortalGroupReference(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The id of the portal group that this SSO group feeds."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The portal group's name."""


class PortalGroup(Extension):
    """The portal groups that an SSO group feeds, read-only."""

    # docs/design/rules.md: two sides and a bridge.
    __schema__ = URN(PORTAL_GROUP)

    portal_groups: Annotated[list[PortalGroupReference] | None, Mutability.read_only] = None
    """The portal groups that this SSO group feeds."""


class User(scim.User):
    """User Account"""

    profile_url: str | None = None
    """A page representing the user's online profile."""

    emails: list[Email] | None = None
    """Email addresses for the user."""

    photos: list[Photo] | None = None
    """URLs of photos of the user."""

    x509_certificates: list[X509Certificate] | None = None
    """A list of certificates issued to the User."""


class Manager(ComplexAttribute):
    # After User: a reference to a class not yet defined leaves the field unknown to the library.
    value: Annotated[str | None, CaseExact.true] = None
    """The id of the SCIM resource representing the user's manager."""

    ref: Annotated[Reference[User] | None, CaseExact.true] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The URI of the SCIM resource representing the user's manager."""

    display_name: str | None = None
    """The displayName of the user's manager, as the identity provider sent it."""


class EnterpriseUser(scim.EnterpriseUser):
    """Enterprise User"""

    manager: Manager | None = None
    """The user's manager."""


class GroupMember(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true, Required.true] = None
    """The id of the user who is a member."""

    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The URI of the user who is a member."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always "User": groups can't be members of groups here."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The member's name."""


class Group(scim.Group):
    """Group"""

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The group's name, unique within the identity provider."""

    members: list[GroupMember] | None = None
    """The members of the group, users only."""


UserResource = User[EnterpriseUser | PortalUser]
GroupResource = Group[PortalGroup]


def schemas_of(record: dict[str, Any]) -> list[str]:
    """The schemas used by the IdP's record of a User."""
    return [CORE_USER, *(urn for urn in UserResource.get_extension_models() if urn in record)]


@cache
def typed(generic: Any, resource: Any) -> Any:
    """`generic[resource]`, such as a SearchRequest for users, created once and kept.

    Pydantic holds these classes only by weak reference: otherwise most requests would rebuild one (2 ms).
    """
    return generic[resource]
