"""SCIM filters as Django conditions (RFC 7644 section 3.4.2.2).

scim2-models parses and checks the filter against the published schema; the visitors here turn its tree into
`Q` objects over columns, `keys` and value rows. Unknown attributes, operators that a type does not take and
oversized filters are 400 `invalidFilter`. What IdPs match by (id, userName, externalId, emails, displayName,
members) is an equality on an indexed column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from pydantic import ValidationError
from scim2_models import InvalidFilterException, ScimFilter, SearchRequest
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from scim2_models.path.resolution import coerce_value

from identity.models import GroupMapping, SSOGroup, SSOMembership, SSOUser, SSOUserValue, Status
from scim import bodies, limits
from scim.attributes import comparable, path_of, sub_paths
from scim.conditions import EVERYTHING, NOTHING, UUIDText, column, constant, text
from scim.config import ROOT
from scim.errors import refuse
from scim.resources import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE_USER,
    PORTAL_GROUP,
    PORTAL_USER,
    GroupResource,
    UserResource,
)

Condition = Callable[[str, Any], Q]
"""From an operator and a coerced operand to a condition."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_VERSION = re.compile(r'(?:W/)?"?(\d+)"?')


def check_size(expression: str) -> None:
    """Caps before parsing: length, nesting and terms (SR-32, L19)."""
    if len(expression.encode("utf-8", "replace")) > limits.FILTER_BYTES:
        raise refuse("invalidFilter", f"The filter is longer than {limits.FILTER_BYTES} bytes.")
    bodies.check_text(expression)
    bare = _STRING.sub('""', expression)
    depth = deepest = 0
    for char in bare:
        depth += (char in "([") - (char in ")]")
        deepest = max(deepest, depth)
    if deepest > limits.FILTER_DEPTH:
        raise refuse("invalidFilter", f"The filter is nested more than {limits.FILTER_DEPTH} levels deep.")
    if len(re.findall(r"\b(?:and|or)\b", bare, re.IGNORECASE)) >= limits.FILTER_TERMS:
        raise refuse("invalidFilter", f"The filter has more than {limits.FILTER_TERMS} terms.")


def text_condition(name: str) -> Condition:
    """A text column that holds comparable values already (a key, an opaque id)."""
    return lambda op, operand: column(name, op, operand) if op in {"eq", "ne"} else text(F(name), op, operand)


def moment_condition(name: str) -> Condition:
    def condition(op: str, operand: Any) -> Q:
        if not isinstance(operand, datetime):
            raise InvalidFilterException(detail=f"operator '{op}' cannot be applied to a dateTime")
        return column(name, op, operand)

    return condition


def uuid_condition(name: str) -> Condition:
    """Ids: equality by index, everything else on the canonical text."""

    def condition(op: str, operand: Any) -> Q:
        if op not in {"eq", "ne"}:
            return text(UUIDText(F(name)), op, str(operand))
        try:
            wanted = UUID(str(operand))
        except ValueError:
            return NOTHING if op == "eq" else EVERYTHING
        return column(name, op, wanted) if str(wanted) == operand else (NOTHING if op == "eq" else EVERYTHING)

    return condition


def version_condition(name: str) -> Condition:
    def condition(op: str, operand: Any) -> Q:
        found = _VERSION.fullmatch(str(operand))
        if op not in {"eq", "ne"}:
            raise InvalidFilterException(detail=f"operator '{op}' cannot be applied to meta.version")
        return column(name, op, int(found[1]) if found and len(found[1]) < 10 else -1)

    return condition


def location_condition(name: str, endpoint: str) -> Condition:
    """`$ref` and meta.location: the id behind this portal's own prefix."""

    def condition(op: str, operand: Any) -> Q:
        prefix = f"{settings.PUBLIC_URL}{ROOT}/{endpoint}/"
        if op in {"eq", "ne"}:
            value = str(operand)
            return uuid_condition(name)(op, value.removeprefix(prefix) if value.startswith(prefix) else "")
        raise InvalidFilterException(detail=f"operator '{op}' cannot be applied to a reference")

    return condition


def constant_condition(value: str) -> Condition:
    return lambda op, operand: constant(value.casefold(), op, str(operand).casefold())


def rows(model: type[Model], link: str, condition: Q) -> Q:
    """The resources that have at least one value row that meets the condition, as an `IN` sub-select."""
    return Q(pk__in=model._default_manager.filter(condition).values(link))


class Compiler(FilterVisitor[Q]):
    """Turns the tree of a filter that is bound to one resource type into conditions on its table."""

    resource: ClassVar[Any]
    conditions: ClassVar[dict[str, Condition]]
    always_present: ClassVar[frozenset[str]] = frozenset({"id", "meta", "schemas"})

    def __init__(self, bound: Any) -> None:
        self.bound = bound

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self.bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return NOTHING
        operand = coerce_value(binding, node.value, node.op)
        if operand is None:
            return self._compare_with_null(node)
        return self.compare(binding, node.op.value, operand)

    def _compare_with_null(self, node: Comparison) -> Q:
        present = self.visit_present(Present(node.attr_path))
        match node.op.value:
            case "eq":
                return ~present
            case "ne":
                return present
        return NOTHING

    def compare(self, binding: AttributeBinding, op: str, operand: Any) -> Q:
        path = path_of(binding)
        if binding.is_multivalued:
            if op == "ne":
                return ~self.compare(binding, "eq", operand)
            return self.any_value(binding, self.value_condition(path, binding, op, operand))
        if condition := self.conditions.get(path):
            return condition(op, self.operand(binding, operand))
        return self.other(path, op, comparable(operand, case_exact=binding.case_exact))

    @staticmethod
    def operand(binding: AttributeBinding, operand: Any) -> Any:
        return comparable(operand, case_exact=binding.case_exact) if isinstance(operand, str) else operand

    def visit_present(self, node: Present) -> Q:
        binding = self.bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return NOTHING
        path = path_of(binding)
        if path.partition(".")[0] in self.always_present:
            return EVERYTHING
        if binding.is_multivalued:
            return self.any_value(binding, self.value_present(path, binding))
        below = sub_paths(self.resource, path)
        if not below:
            return self.present(path)
        present = NOTHING
        for each in below:
            present |= self.present(each)
        return present

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        first, *others = (self.visit(term) for term in node.terms)
        for other in others:
            first = first & other if node.op == LogicalOperator.and_ else first | other
        return first

    def visit_value_path(self, node: ValuePath) -> Q:
        binding = self.bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return NOTHING
        return self.any_value(binding, ValueCompiler(self, binding).visit(node.val_filter))

    def present(self, path: str) -> Q:
        raise NotImplementedError

    def other(self, path: str, op: str, operand: str) -> Q:
        raise NotImplementedError

    def any_value(self, binding: AttributeBinding, condition: Q) -> Q:
        """Resources with a value of the multi-valued attribute whose row meets the condition."""
        raise NotImplementedError

    def value_condition(self, path: str, binding: AttributeBinding, op: str, operand: Any) -> Q:
        """A condition on one row of values; `path` ends in the sub-attribute."""
        raise NotImplementedError

    def value_present(self, path: str, binding: AttributeBinding) -> Q:
        raise NotImplementedError


class ValueCompiler(FilterVisitor[Q]):
    """The filter inside the brackets of `emails[…]`: all of it must hold for one and the same value."""

    def __init__(self, outer: Compiler, attribute: AttributeBinding) -> None:
        self.outer = outer
        self.attribute = attribute

    def _bind(self, attr_path: AttrPath) -> AttributeBinding:
        name = f"{path_of(self.attribute)}.{attr_path.attr}"
        wanted = AttrPath(self.attribute.urn.rpartition(":")[2], attr_path.attr, self.attribute.urn.rpartition(":")[0])
        binding = self.outer.bound.resolve(wanted)
        if not isinstance(binding, AttributeBinding):
            raise InvalidFilterException(detail=f"'{name}' is not an attribute of the schema")
        return binding

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self._bind(node.attr_path)
        path = path_of(binding)
        operand = coerce_value(binding, node.value, node.op)
        if operand is None:
            present = self.outer.value_present(path, binding)
            return ~present if node.op.value == "eq" else present if node.op.value == "ne" else NOTHING
        if node.op.value == "ne":
            return ~self.outer.value_condition(path, binding, "eq", operand)
        return self.outer.value_condition(path, binding, node.op.value, operand)

    def visit_present(self, node: Present) -> Q:
        binding = self._bind(node.attr_path)
        return self.outer.value_present(path_of(binding), binding)

    visit_not = Compiler.visit_not
    visit_logical_expr = Compiler.visit_logical_expr


def _status_condition(op: str, operand: Any) -> Q:
    return column("user__status", "eq" if (op == "eq") is bool(operand) else "ne", Status.ENABLED)


def _schemas_condition(always: tuple[str, ...]) -> Condition:
    def condition(op: str, operand: Any) -> Q:
        found = NOTHING
        for urn in always:
            found |= constant_condition(urn)(op, operand)
        if CORE_USER in always:
            extension = constant_condition(ENTERPRISE_USER)(op, operand)
            found |= extension & Q(attributes__has_key=ENTERPRISE_USER)
        return found

    return condition


class UserCompiler(Compiler):
    resource = UserResource
    conditions: ClassVar[dict[str, Condition]] = {
        "id": uuid_condition("scim_id"),
        "userName": text_condition("user_name_key"),
        "externalId": text_condition("external_id"),
        "active": _status_condition,
        "meta.created": moment_condition("created_at"),
        "meta.lastModified": moment_condition("modified_at"),
        "meta.version": version_condition("version"),
        "meta.location": location_condition("scim_id", "Users"),
        "meta.resourceType": constant_condition("User"),
        f"{PORTAL_USER}:username": text_condition("user__username_key"),
        f"{PORTAL_USER}:email": text_condition("user__email_key"),
        f"{PORTAL_USER}:status": text_condition("user__status"),
        f"{PORTAL_USER}:lastActive": moment_condition("user__last_active"),
    }
    group_conditions: ClassVar[dict[str, Condition]] = {
        "groups.value": uuid_condition("sso_group__scim_id"),
        "groups.$ref": location_condition("sso_group__scim_id", "Groups"),
        "groups.display": text_condition("sso_group__display_name_key"),
        "groups.type": constant_condition("direct"),
    }
    missing: ClassVar[dict[str, Q]] = {
        "externalId": Q(external_id=None),
        f"{PORTAL_USER}:email": Q(user__email=None),
        f"{PORTAL_USER}:lastActive": Q(user__last_active=None),
    }
    always_present = Compiler.always_present | {"userName", "active"}

    def present(self, path: str) -> Q:
        if path in self.missing:
            return ~self.missing[path]
        if path in self.conditions:
            return EVERYTHING
        return Q(keys__has_key=path)

    def other(self, path: str, op: str, operand: str) -> Q:
        return text(KeyTextTransform(path, "keys"), op, operand)

    def any_value(self, binding: AttributeBinding, condition: Q) -> Q:
        match binding.field_name:
            case "groups":
                return rows(SSOMembership, "sso_user", condition)
            case "schemas":
                return condition
        attribute = path_of(binding).partition(".")[0]
        return rows(SSOUserValue, "sso_user", Q(attribute=attribute) & condition)

    def value_condition(self, path: str, binding: AttributeBinding, op: str, operand: Any) -> Q:
        operand = self.operand(binding, operand)
        if binding.field_name == "groups":
            return self.group_conditions[path](op, operand)
        if binding.field_name == "schemas":
            return _schemas_condition((CORE_USER, PORTAL_USER))(op, operand)
        sub = path.partition(".")[2]
        wanted = comparable(operand, case_exact=True)
        if sub == "value" and op == "eq" and len(wanted) <= 255:
            return Q(key=wanted)
        return text(KeyTextTransform(sub, "data"), op, wanted)

    def value_present(self, path: str, binding: AttributeBinding) -> Q:
        sub = path.partition(".")[2]
        if binding.field_name in {"groups", "schemas"} or not sub:
            return EVERYTHING
        return Q(data__has_key=sub)


class GroupCompiler(Compiler):
    resource = GroupResource
    conditions: ClassVar[dict[str, Condition]] = {
        "id": uuid_condition("scim_id"),
        "displayName": text_condition("display_name_key"),
        "externalId": text_condition("external_id"),
        "meta.created": moment_condition("created_at"),
        "meta.lastModified": moment_condition("modified_at"),
        "meta.version": version_condition("version"),
        "meta.location": location_condition("scim_id", "Groups"),
        "meta.resourceType": constant_condition("Group"),
    }
    member_conditions: ClassVar[dict[str, Condition]] = {
        "members.value": uuid_condition("sso_user__scim_id"),
        "members.$ref": location_condition("sso_user__scim_id", "Users"),
        "members.display": text_condition("sso_user__user_name_key"),
        "members.type": constant_condition("User"),
    }
    mapping_conditions: ClassVar[dict[str, Condition]] = {
        f"{PORTAL_GROUP}:portalGroups.value": lambda op, operand: _number_condition("group_id", op, operand),
        f"{PORTAL_GROUP}:portalGroups.display": text_condition("group__name_key"),
    }
    always_present = Compiler.always_present | {"displayName"}

    def present(self, path: str) -> Q:
        return ~Q(external_id=None) if path == "externalId" else EVERYTHING

    def any_value(self, binding: AttributeBinding, condition: Q) -> Q:
        match binding.field_name:
            case "members":
                return rows(SSOMembership, "sso_group", condition)
            case "portal_groups":
                return rows(GroupMapping, "sso_group", condition)
        return condition

    def value_condition(self, path: str, binding: AttributeBinding, op: str, operand: Any) -> Q:
        operand = self.operand(binding, operand)
        if binding.field_name == "schemas":
            return _schemas_condition((CORE_GROUP, PORTAL_GROUP))(op, operand)
        return (self.member_conditions | self.mapping_conditions)[path](op, operand)

    def value_present(self, path: str, binding: AttributeBinding) -> Q:
        return EVERYTHING


def _number_condition(name: str, op: str, operand: Any) -> Q:
    if op not in {"eq", "ne"}:
        raise InvalidFilterException(detail=f"operator '{op}' cannot be applied to an id")
    value = str(operand)
    return column(name, op, int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1)


def compiled(expression: str, compiler: type[Compiler]) -> Q:
    """The condition that a filter stands for. Raises 400 `invalidFilter`."""
    check_size(expression)
    try:
        bound = _bound(expression, compiler.resource)
    except (ValidationError, RecursionError) as error:
        raise refuse("invalidFilter", why(error)) from error
    return compiler(bound).visit(bound.ast)


def compile_known(expression: str, compiler: type[Compiler]) -> Q:
    """The same where another resource type may know what this one does not: that is absent here (section 3.4.2.1)."""
    bound: Any = ScimFilter.__class_getitem__(compiler.resource)(expression)
    return compiler(bound).visit(bound.ast)


def _bound(expression: str, resource: Any) -> Any:
    """The filter bound to a resource type, unknown attributes refused (ValidationError)."""
    return SearchRequest[resource].model_validate({"filter": expression}).filter


def why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return str(error.errors(include_url=False, include_input=False)[0]["msg"])
    return "The filter can't be read."


class UserFilter:
    """django-scim2's USER_FILTER_PARSER: a QuerySet from `Q`, no raw SQL."""

    attr_map: ClassVar[dict[Any, str]] = {}

    @classmethod
    def search(cls, filter_query: str, request: Any = None) -> QuerySet[SSOUser]:
        rows = SSOUser.objects.of(request.actor.identity_provider_id)
        return rows.filter(compiled(filter_query, UserCompiler))


class GroupFilter:
    """django-scim2's GROUP_FILTER_PARSER."""

    attr_map: ClassVar[dict[Any, str]] = {}

    @classmethod
    def search(cls, filter_query: str, request: Any = None) -> QuerySet[SSOGroup]:
        rows = SSOGroup.objects.of(request.actor.identity_provider_id)
        return rows.filter(compiled(filter_query, GroupCompiler))


def member_condition(value_filter: str) -> Q:
    """The condition on SSO membership rows that `members[value_filter]` stands for (PATCH paths)."""
    expression = f"members[{value_filter}]"
    check_size(expression)
    try:
        bound = _bound(expression, GroupResource)
    except (ValidationError, RecursionError) as error:
        raise refuse("invalidPath", why(error)) from error
    node: ValuePath = bound.ast
    return ValueCompiler(GroupCompiler(bound), bound.resolve(node.attr_path)).visit(node.val_filter)
