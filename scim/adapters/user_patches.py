"""PATCH on users: operations applied to the stored record, by scim2-models (RFC 7644 section 3.5.2)."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from pydantic import ValidationError
from scim2_models import Context, PatchOp, ScimPolicy

from identity.models import SSOUser
from scim.adapters.user_bodies import NAME_PARTS, Told
from scim.wire import bodies, dialects, limits
from scim.wire.attributes import MULTIPLE, sub_paths
from scim.wire.errors import UNREADABLE, problem_of, refuse
from scim.wire.resources import CORE_USER, UserResource, schemas_of, typed
from scim.wire.shapes import LeftOut
from scim.wire.words import Wire

Document = dict[str, Any]

_TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
# An entry selected by its value must exist: `emails[value eq "x"]` is not enough to create one.
_BY_VALUE = _TOLERANT.model_copy(update={"unmatched_path_filter": ScimPolicy.UnmatchedPathFilter.forbid})

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_EQUATED = re.compile(r"(\w+)\s+eq\b", re.IGNORECASE)
_NOT_PRIMARY = re.compile(rf"{_STRING.pattern}|\bprimary\s+(?P<op>eq|ne)\s+false\b", re.IGNORECASE)
_SELECTS_BY_VALUE = re.compile(r"\[.*\bvalue\b.*\]", re.IGNORECASE | re.DOTALL)


class UserPatch:
    """The operations of one request. A leaver's are applied as far as possible if some are invalid (R2)."""

    def __init__(self, body: Document) -> None:
        self._body = body
        self._left_out = LeftOut()
        self._patches: list[Patch] | None = None
        self._carried: set[str] = set()
        try:
            operations = _ready(dialects.plain_operations(body, self._left_out))
            self._leaves = _says_inactive(operations)
            self._carried = _carried_by_operations(operations)
            self._patches = _patches(operations)
        except UNREADABLE:
            self._leaves = _says_inactive(dialects.readable_operations(body, LeftOut()))
            if not self._leaves:
                raise

    def applied_to(self, sso_user: SSOUser) -> tuple[Document, set[str], Told]:
        """The record after the operations, which of names and active they touch, and what was left out."""
        stored = {**sso_user.attributes, "active": sso_user.user.is_active}
        if self._patches is None:
            return self._applied_partly(stored)
        try:
            return _patched(stored, self._patches), self._carried, self._left_out.told()
        except UNREADABLE:
            if not self._leaves:
                raise
        return self._applied_partly(stored)

    def _applied_partly(self, stored: Document) -> tuple[Document, set[str], Told]:
        left_out = LeftOut()
        operations = _ready(dialects.readable_operations(self._body, left_out))
        _require_few_steps(stored, len(operations))
        document, applied = _as_far_as_possible(stored, operations, left_out)
        return document, _carried_by_operations(applied), left_out.told()


def _ready(operations: list[Document]) -> list[Document]:
    """The operations in the form for which scim2-models follows the RFC."""
    return [_explicit(_whole(operation)) for operation in operations]


def _says_inactive(operations: list[Document]) -> bool:
    said = [value for operation in operations for path, value in _assigned(operation) if path.lower() == "active"]
    return said[-1:] == [False]


def _as_far_as_possible(
    document: Document, operations: list[Document], left_out: LeftOut
) -> tuple[Document, list[Document]]:
    """Bisects to isolate invalid operations, usually one among many. The operations that were applied."""
    try:
        return _patched(document, _patches(operations)), operations
    except UNREADABLE as error:
        if len(operations) == 1:
            left_out.refused(_assigned(operations[0])[0][0], error)
            return document, []
    middle = len(operations) // 2
    document, first = _as_far_as_possible(document, operations[:middle], left_out)
    document, last = _as_far_as_possible(document, operations[middle:], left_out)
    return document, first + last


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
    return {part for part in NAME_PARTS.values() if parts is None or part.lower() in parts}


def _whole(operation: Document) -> Document:
    """A filter's selection is replaced as a whole (RFC 7644 section 3.5.2.3), where scim2-models merges.

    What the filter says about the value still holds: the work address stays the one of type work.
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
    """The operations as PatchOp messages, grouping consecutive ones of the same policy."""
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
        detail = Wire.AT(path=path[:80], detail=problem.detail) if path else problem.detail
        raise refuse(problem.scim_type, detail) from error


def _validated(operations: list[Document], policy: ScimPolicy) -> Any:
    return typed(PatchOp, UserResource).model_validate(
        {"schemas": [str(PatchOp.__schema__)], "Operations": operations},
        scim_ctx=Context.RESOURCE_PATCH_REQUEST,
        scim_policy=policy,
    )


def _patched(stored: Document, patches: list[Patch]) -> Document:
    """The stored record after the operations (RFC 7644 section 3.5.2)."""
    _require_few_steps(stored, sum(len(patch.operations) for patch, _ in patches))
    resource = UserResource.model_validate({**stored, "schemas": schemas_of(stored)}, scim_policy=_TOLERANT)
    for patch, policy in patches:
        patch.patch(resource, scim_policy=policy)
    document: Document = resource.model_dump(scim_ctx=Context.DEFAULT)
    dialects.require_few_values(document)
    bodies.check_text(document)  # a filter in a path may contain a value with escapes
    return document


def _require_few_steps(stored: Document, operations: int) -> None:
    """Every operation may inspect every value: their product is the cost (SR-34)."""
    values = sum(len(value) for value in stored.values() if isinstance(value, list))
    if values * operations > limits.VALUES_TIMES_OPERATIONS:
        raise refuse("tooMany", Wire.TOO_MUCH_WORK())
