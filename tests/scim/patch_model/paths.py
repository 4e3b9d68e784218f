"""What a path names (RFC 7644 section 3.5.2), in the schemas of a user."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Entry = dict[str, Any]
Test = Callable[[Entry], bool]

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

TEXTS = (
    *("userName", "externalId", "displayName", "nickName", "profileUrl", "title", "userType"),
    *("preferredLanguage", "locale", "timezone"),
)
NAME = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
PLURAL = ("value", "display", "type", "primary")
ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type", "primary")
MANAGER = ("value", "$ref", "displayName")
MULTIPLE = {
    **dict.fromkeys(("emails", "phoneNumbers", "ims", "photos", "entitlements", "roles"), PLURAL),
    "addresses": ADDRESS,
}
ENTERPRISE_TEXTS = ("employeeNumber", "costCenter", "organization", "division", "department")
READ_ONLY = ("id", "meta", "groups")
NOT_KEPT = ("password", "schemas")

KNOWN_TYPES = {
    "emails": ("work", "home", "other"),
    "phoneNumbers": ("work", "home", "mobile", "fax", "pager", "other"),
    "ims": ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
    "photos": ("photo", "thumbnail"),
    "addresses": ("work", "home", "other"),
}


class Refused(Exception):
    """The request must be refused with one of these scimTypes, and nothing may have changed."""

    def __init__(self, *scim_types: str) -> None:
        super().__init__(" or ".join(sorted(scim_types)))
        self.scim_types = frozenset(scim_types)


PATH = re.compile(r"^(?:(?P<urn>urn:.+):)?(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>[\w$-]+))?$")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. No `name`: a whole schema; `filter`: the text in brackets."""

    urn: str
    name: str
    filter: str = ""
    sub: str = ""


def target_of(path: str) -> Target | None:
    """None for an attribute that no schema here has: it is ignored, as in POST and PUT."""
    if path.lower() in {CORE.lower(), ENTERPRISE.lower()}:
        return Target(spelled(path, (CORE, ENTERPRISE)) or "", "")
    found = PATH.match(path)
    if found is None:
        raise Refused("invalidPath")
    urn = spelled(found["urn"] or CORE, (CORE, ENTERPRISE))
    if not found["urn"] and spelled(found["name"], _names_of(ENTERPRISE)):
        urn = ENTERPRISE  # Entra ID: `manager`
    name = spelled(found["name"], _names_of(urn)) if urn else None
    if urn is None or name is None:
        return _nothing(found["sub"] or found["name"])
    subs = subs_of(urn, name)
    sub = spelled(found["sub"], subs) if found["sub"] else ""
    if sub is None:
        return _nothing(found["sub"])
    if found["filter"] and name not in MULTIPLE:
        raise Refused("invalidPath", "invalidFilter")
    return Target(urn, name, found["filter"] or "", sub)


def _nothing(last: str) -> None:
    """What ends like an attribute of ours is never ignored."""
    known = {*_names_of(CORE), *_names_of(ENTERPRISE), *NAME, *ADDRESS} - {*READ_ONLY, *NOT_KEPT}
    if spelled(last, tuple(known - {*PLURAL})):
        raise Refused("invalidPath")


def spelled(name: str, known: tuple[str, ...]) -> str | None:
    """A name as the schema spells it: names are compared without case (RFC 7643 section 2.1)."""
    return next((one for one in known if one.lower() == name.lower()), None)


def _names_of(urn: str) -> tuple[str, ...]:
    if urn == ENTERPRISE:
        return (*ENTERPRISE_TEXTS, "manager")
    return (*TEXTS, "active", "name", *MULTIPLE, *READ_ONLY, *NOT_KEPT)


def subs_of(urn: str, name: str) -> tuple[str, ...]:
    """The sub-attributes of a complex attribute."""
    if urn == ENTERPRISE:
        return MANAGER if name == "manager" else ()
    return {"name": NAME, "meta": ("created", "lastModified", "location"), **MULTIPLE}.get(name, ())
