"""SCIM Users ⇄ SSO users."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from pydantic import ValidationError
from scim2_models import Context, PatchOp, ScimPolicy

from identity.compiled import CompiledQuery, Parameter
from identity.models import SSOMembership, SSOUser, Status
from identity.services import provisioning
from identity.services.records import PersonChange, PersonRecord
from scim import bodies, dialects, limits
from scim.adapters.base import ResourceAdapter, location, moment
from scim.attributes import MULTIPLE, UNKEPT, multiple_values, single_values, sub_paths
from scim.errors import problem_of, refuse
from scim.resources import CORE_USER, PORTAL_USER, UserResource, schemas_of, typed

Document = dict[str, Any]

_TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
# An entry found by its value must exist: `emails[value eq "x"]` describes no entry to create.
_BY_VALUE = _TOLERANT.model_copy(update={"unmatched_path_filter": ScimPolicy.UnmatchedPathFilter.forbid})

_ELSEWHERE = UNKEPT | {"active"}  # the portal's own
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_EQUATED = re.compile(r"(\w+)\s+eq\b", re.IGNORECASE)
_NOT_PRIMARY = re.compile(rf"{_STRING.pattern}|\bprimary\s+(?P<op>eq|ne)\s+false\b", re.IGNORECASE)
_SELECTS_BY_VALUE = re.compile(r"\[.*\bvalue\b.*\]", re.IGNORECASE | re.DOTALL)
_NAME_PARTS = {"first_name": "givenName", "last_name": "familyName"}


class SCIMUser(ResourceAdapter):
    """A User resource over one SSO user."""

    resource_type = "User"
    url_name = "scim:users"
    endpoint = "Users"

    def __init__(self, obj: SSOUser, request: Any = None) -> None:
        super().__init__(obj, request)
        self.groups: list[Document] | None = None
        self._document: Document = {}
        self._change: PersonChange  # set by from_dict or handle_operations

    def from_dict(self, body: Document) -> None:
        """A POST or PUT body: the whole record is what it says; what it leaves out is cleared, but for externalId."""
        plain = dialects.plain_user(body)
        resource = UserResource.model_validate(plain, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=_TOLERANT)
        self._document = resource.model_dump(scim_ctx=Context.DEFAULT)
        kept = "externalid" not in map(str.lower, plain)
        self._change = lambda sso_user: record(
            _keeping_external_id(self._document, sso_user) if kept else self._document,
            carried=_carried_by(self._document),
        )

    def handle_operations(self, operations: Document) -> None:
        """A PATCH body: applied to the row as it is under the lock."""
        plain = [_explicit(_whole(operation)) for operation in dialects.plain_operations(operations)]
        patches = _patches(plain)
        carried = _carried_by_operations(plain)
        self._change = lambda sso_user: record(_patched(sso_user, patches), carried=carried)

    def create(self) -> None:
        """POST: one service call (R1)."""
        new = record(self._document, carried=_carried_by(self._document))
        self.obj = provisioning.provision_user(new, actor=self.actor)
        if self.obj.version == 1:
            self.groups = []  # a new record is in no group yet, one that was taken up may be (R9)

    def save(self) -> None:
        """PUT and PATCH: one service call (R2, R4)."""
        self.obj = provisioning.update_user(
            self.obj.scim_id, self._change, actor=self.actor, version=self.version_check
        )

    def delete(self) -> None:
        provisioning.deprovision_user(self.obj.scim_id, actor=self.actor, version=self.version_check)

    def to_dict(self) -> Document:
        """The IdP's own view; `active` and the portal extension show the portal's (DESIGN section 2)."""
        sso_user, user = self.obj, self.obj.user
        document = {
            "schemas": [*schemas_of(sso_user.attributes), PORTAL_USER],
            "id": self.id,
            **sso_user.attributes,
            "active": user.is_active,
            "meta": self.meta,
            PORTAL_USER: _portal_view(user),
        }
        groups = memberships_of([sso_user]).get(sso_user.pk, []) if self.groups is None else self.groups
        return {**document, "groups": groups} if groups else document


def _keeping_external_id(document: Document, sso_user: SSOUser) -> Document:
    """R4: a PUT that carries no externalId keeps it, since sign-in hangs on it; one that says null clears it."""
    return {**document, "externalId": sso_user.external_id} if sso_user.external_id else document


def _portal_view(user: Any) -> Document:
    view = {
        "username": user.username,
        "email": user.email,
        "status": Status(user.status).value,
        "lastActive": moment(user.last_active) if user.last_active else None,
    }
    return {name: value for name, value in view.items() if value is not None}


def memberships_of(sso_users: list[SSOUser]) -> dict[int, list[Document]]:
    """The `groups` attribute of many SSO users, by row id: one statement."""
    if len(sso_users) == 1:
        wanted: Iterable[Any] = _MEMBERSHIPS_OF_ONE(sso_user=sso_users[0].pk)
    else:
        wanted = _named(SSOMembership.objects.filter(sso_user__in=[row.pk for row in sso_users]))
    return {
        pk: [_group_reference(group_id, name) for _, group_id, name in members]
        for pk, members in groupby(wanted, key=lambda row: row[0])
    }


def _named(memberships: QuerySet[SSOMembership]) -> QuerySet[SSOMembership, Any]:
    return memberships.order_by("sso_user_id", "sso_group_id").values_list(
        "sso_user_id", "sso_group__scim_id", "sso_group__display_name"
    )


_MEMBERSHIPS_OF_ONE = CompiledQuery(
    lambda: _named(SSOMembership.objects.filter(sso_user=Parameter(SSOMembership, "sso_user")))
)


def _group_reference(group_id: object, name: str) -> Document:
    return {"value": str(group_id), "$ref": location("Groups", group_id), "display": name, "type": "direct"}


def record(document: Document, *, carried: set[str]) -> PersonRecord:
    """A validated User document in the product's terms; `carried`: which of names and active the request brought."""
    attributes = {name: value for name, value in document.items() if name.lower() not in _ELSEWHERE}
    names = attributes.get("name") or {}
    said: Document = {field: names.get(part) or "" if part in carried else None for field, part in _NAME_PARTS.items()}
    return PersonRecord(
        user_name=document.get("userName") or "",
        external_id=document.get("externalId"),
        email=chosen_email(document.get("emails") or []),
        **said,
        active=document.get("active") if "active" in carried else None,
        attributes=attributes,
        keys=single_values(attributes),
        values=multiple_values(attributes),
    )


def chosen_email(emails: list[Document]) -> str | None:
    """Of several emails the primary, else the one of type work, else the first (DESIGN section 2)."""
    given = [email for email in emails if email.get("value")]
    primary = [email for email in given if email.get("primary")]
    work = [email for email in given if str(email.get("type", "")).lower() == "work"]
    chosen = next(iter([*primary, *work, *given]), None)
    return chosen["value"].strip() if chosen else None


def _carried_by(document: Document) -> set[str]:
    names = {*_NAME_PARTS.values()} if document.get("name") is not None else set()
    return names if document.get("active") is None else {*names, "active"}


def _carried_by_operations(operations: list[Document]) -> set[str]:
    """R4: which of givenName, familyName and active these operations touch, whatever the value."""
    pairs = [pair for operation in operations for pair in _assigned(operation)]
    return {part for path, value in pairs for part in _touched(path, value)}


def _assigned(operation: Document) -> list[tuple[str, Any]]:
    if "path" in operation:
        return [(operation["path"], operation.get("value"))]
    return list(operation["value"].items())


def _touched(path: str, value: Any) -> set[str]:
    head, _, sub = path.lower().removeprefix(f"{CORE_USER.lower()}:").partition(".")
    if head == "active":
        return {"active"}
    if head != "name":
        return set()
    parts = {sub} if sub else {key.lower() for key in value} if isinstance(value, dict) else None
    return {part for part in _NAME_PARTS.values() if parts is None or part.lower() in parts}


def _whole(operation: Document) -> Document:
    """What a filter selects is replaced as a whole (RFC 7644 section 3.5.2.3), where scim2-models merges.

    What the filter itself says of the value stays said: the work address stays the one of type work.
    """
    path, value = operation.get("path", ""), operation.get("value")
    name = MULTIPLE.get(path.partition("[")[0].lower())
    if operation["op"] != "replace" or name is None or not path.endswith("]") or not isinstance(value, dict):
        return operation
    said = {sub.lower() for sub in (*value, *_EQUATED.findall(_STRING.sub("", path)))}
    subs = [sub.rpartition(".")[2] for sub in sub_paths(UserResource, name)]
    return {**operation, "value": {**{sub: None for sub in subs if sub.lower() not in said}, **value}}


def _explicit(operation: Document) -> Document:
    """A value that does not say whether it is primary is not (RFC 7643 section 2.4); the library won't assume so."""
    path = operation.get("path", "")
    return {**operation, "path": _NOT_PRIMARY.sub(_asking_for_true, path)} if "[" in path else operation


def _asking_for_true(found: re.Match[str]) -> str:
    asked = {"eq": "not (primary eq true)", "ne": "not (not (primary eq true))"}
    return asked[found["op"].lower()] if found["op"] else found[0]


Patch = tuple[Any, ScimPolicy]


def _patches(operations: list[Document]) -> list[Patch]:
    """The operations as PatchOp messages, consecutive ones of one policy together."""
    return [(_patch(list(group), policy), policy) for policy, group in groupby(operations, key=_policy_for)]


def _policy_for(operation: Document) -> ScimPolicy:
    bare = _STRING.sub("", operation.get("path", ""))
    return _BY_VALUE if _SELECTS_BY_VALUE.search(bare) else _TOLERANT


def _patch(operations: list[Document], policy: ScimPolicy) -> Any:
    try:
        return _validated(operations, policy)
    except ValidationError:
        for operation in operations:
            _require_valid(operation, policy)
        raise


def _require_valid(operation: Document, policy: ScimPolicy) -> None:
    """The library does not say which operation it refuses: name its path."""
    try:
        _validated([operation], policy)
    except ValidationError as error:
        problem = problem_of(error)
        path = operation.get("path")
        raise refuse(problem.scim_type, f"{path[:80]}: {problem.detail}" if path else problem.detail) from error


def _validated(operations: list[Document], policy: ScimPolicy) -> Any:
    return typed(PatchOp, UserResource).model_validate(
        {"schemas": [str(PatchOp.__schema__)], "Operations": operations},
        scim_ctx=Context.RESOURCE_PATCH_REQUEST,
        scim_policy=policy,
    )


def _patched(sso_user: SSOUser, patches: list[Patch]) -> Document:
    """The document that the operations make of the stored record (RFC 7644 section 3.5.2)."""
    stored = {
        "schemas": schemas_of(sso_user.attributes),
        **sso_user.attributes,
        "active": sso_user.user.is_active,
    }
    _require_few_steps(stored, patches)
    resource = UserResource.model_validate(stored, scim_policy=_TOLERANT)
    for patch, policy in patches:
        patch.patch(resource, scim_policy=policy)
    document = resource.model_dump(scim_ctx=Context.DEFAULT)
    dialects.require_few_values(document)
    bodies.check_text(document)  # a filter in a path may describe a value with escapes
    return document


def _require_few_steps(stored: Document, patches: list[Patch]) -> None:
    """Every operation may look at every value: their product is what costs (SR-34)."""
    values = sum(len(value) for value in stored.values() if isinstance(value, list))
    operations = sum(len(patch.operations) for patch, _ in patches)
    if values * operations > limits.VALUES_TIMES_OPERATIONS:
        raise refuse("tooMany", "The user has too many values for so many operations; send fewer at a time.")
