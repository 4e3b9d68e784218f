"""What an identity provider sends: the shapes of Entra ID."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def user(name: str) -> Document:
    """A person with what most directories map by default; `name` makes all identifiers unique."""
    return {
        "schemas": [CORE_USER, ENTERPRISE],
        "userName": f"{name}@corp.example",
        "externalId": f"ext-{name}",
        "active": True,
        "displayName": f"Ava Stone {name}",
        "name": {"formatted": f"Ava Stone {name}", "givenName": "Ava", "familyName": f"Stone {name}"},
        "title": "Engineer",
        "emails": [{"value": f"{name}@corp.example", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+1 555 0100", "type": "work"}],
        ENTERPRISE: {"department": "Research", "employeeNumber": name},
    }


def group(name: str, members: list[str] | None = None) -> Document:
    document: Document = {"schemas": [CORE_GROUP], "displayName": name, "externalId": f"ext-{name}"}
    return document | ({"members": values(members)} if members is not None else {})


def values(ids: list[str]) -> list[Document]:
    return [{"value": each} for each in ids]


def patch(op: str, path: str, value: Any = None) -> Document:
    operation = {"op": op, "path": path} | ({} if value is None else {"value": value})
    return {"schemas": [PATCH_OP], "Operations": [operation]}


def add_members(ids: list[str]) -> Document:
    return patch("Add", "members", values(ids))


def remove_member(member: str) -> Document:
    return patch("Remove", f'members[value eq "{member}"]')
