"""SCIM filters as Django conditions (RFC 7644 section 3.4.2.2).

scim2-models parses and checks the filter against the published schema; the compilers here turn its tree into
`Q` objects, following the registry for where each attribute is stored. Unknown attributes, operators unsupported
by a type and oversized filters are 400 `invalidFilter`. What IdPs match by (id, userName, externalId, emails,
displayName, members) is an equality on an indexed column.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
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

from identity.core.errors import InvalidValue
from identity.models import SSOGroup, SSOUser
from scim.queries.conditions import EVERYTHING, NOTHING
from scim.queries.kinds import ValueKind
from scim.queries.registry import GROUPS, USERS, Multiple, Registry
from scim.wire import bare_words, bodies, limits
from scim.wire.attributes import comparable, path_of, split_path, sub_paths
from scim.wire.errors import refuse, sentence
from scim.wire.resources import typed
from scim.wire.words import Wire

_FIRST_MOMENT, _LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_JOINT = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)


def check_size(expression: str) -> None:
    """Caps before parsing: length, nesting and terms (SR-32, L19)."""
    if len(expression.encode("utf-8", "replace")) > limits.FILTER_BYTES:
        raise refuse("invalidFilter", Wire.FILTER_TOO_LONG(most=limits.FILTER_BYTES))
    bodies.check_text(expression)
    bare = _STRING.sub('""', expression)
    if _depth(bare) > limits.FILTER_DEPTH:
        raise refuse("invalidFilter", Wire.FILTER_TOO_DEEP(most=limits.FILTER_DEPTH))
    if len(_JOINT.findall(bare)) >= limits.FILTER_TERMS:
        raise refuse("invalidFilter", Wire.FILTER_TOO_MANY_TERMS(most=limits.FILTER_TERMS))


def _depth(expression: str) -> int:
    depth = deepest = 0
    for char in expression:
        depth += (char in "([") - (char in ")]")
        deepest = max(deepest, depth)
    return deepest


def _operand(binding: AttributeBinding, value: Any, op: Any) -> Any:
    """The operand in the attribute's type; text folded like the attribute's values, binary as base64."""
    operand = coerce_value(binding, value, op)
    if isinstance(operand, bytes):
        return base64.b64encode(operand).decode()
    if isinstance(operand, datetime):
        return _moment(operand, value)
    if not isinstance(operand, str):
        return operand
    if not bodies.is_storable(operand):  # written with an escape, which the check of the whole filter did not see
        raise InvalidFilterException(detail="the filter contains a NUL or a lone surrogate character")
    try:
        return comparable(operand, case_exact=binding.case_exact)
    except InvalidValue as error:
        raise InvalidFilterException(detail=error.sentence) from error


def _moment(operand: datetime, written: Any) -> datetime:
    """A dateTime in UTC, assumed for one without a zone; one pushed out of the calendar by its zone is clamped."""
    if not isinstance(written, str):
        raise InvalidFilterException(detail="a dateTime is compared with a string such as 2026-01-31T23:59:59Z")
    if operand.tzinfo is None:
        return operand.replace(tzinfo=UTC)
    try:
        return operand.astimezone(UTC)
    except OverflowError:
        return _FIRST_MOMENT if operand.year == 1 else _LAST_MOMENT


def _compare(kind: ValueKind, op: str, operand: Any) -> Q:
    """A comparison with one value; null compares with absence."""
    if operand is None:
        return _compare_presence(kind.present(), op)
    return ~kind.condition("eq", operand) if op == "ne" else kind.condition(op, operand)


def _compare_presence(present: Q, op: str) -> Q:
    return {"eq": ~present, "ne": present}.get(op, NOTHING)


class _Logic(FilterVisitor[Q]):
    """and, or, not: the same inside and outside brackets."""

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        first, *others = (self.visit(term) for term in node.terms)
        for other in others:
            first = first & other if node.op == LogicalOperator.and_ else first | other
        return first


class Compiler(_Logic):
    """Turns a filter's tree, bound to one resource type, into a condition on its rows.

    An attribute that the type does not have counts as absent (section 3.4.2.1).
    """

    def __init__(self, bound: Any, registry: Registry) -> None:
        self.bound = bound
        self.registry = registry

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self.bound.resolve_comparison(node.attr_path, strict=False)
        if binding is None:
            return NOTHING
        op, operand = node.op.value, _operand(binding, node.value, node.op)
        if _is_complex(binding) and not binding.sub_field_name:
            return self._compare_complex(binding, op, operand)
        if not binding.is_multivalued:
            return _compare(self.registry.single(path_of(binding)), op, operand)
        attribute, sub = split_path(binding)
        rows = self.registry.multiple(attribute)
        if operand is None:
            return _compare_presence(rows.any(rows.sub(sub).present()), op)
        if op == "ne":  # no value equals
            return ~rows.any(rows.sub(sub).condition("eq", operand))
        return rows.any(rows.sub(sub).condition(op, operand))

    def visit_present(self, node: Present) -> Q:
        binding = self.bound.resolve(node.attr_path, strict=False)
        return NOTHING if binding is None else self._present(binding)

    def _compare_complex(self, binding: AttributeBinding, op: str, operand: Any) -> Q:
        if operand is None:
            return _compare_presence(self._present(binding), op)
        raise InvalidFilterException(detail=f"'{path_of(binding)}' is complex: compare one of its sub-attributes")

    def _present(self, binding: AttributeBinding) -> Q:
        if binding.is_multivalued:
            attribute, sub = split_path(binding)
            rows = self.registry.multiple(attribute)
            return rows.any(rows.sub(sub).present() if sub else EVERYTHING)
        path = path_of(binding)
        present = NOTHING
        for each in sub_paths(self.registry.resource, path) or (path,):
            present |= self.registry.single(each).present()
        return present

    def visit_value_path(self, node: ValuePath) -> Q:
        binding = self.bound.resolve(node.attr_path, strict=False)
        if binding is None:
            return NOTHING
        rows = self.registry.multiple(split_path(binding)[0])
        return rows.any(ValueCompiler(self.bound, binding, rows).visit(node.val_filter))


class ValueCompiler(_Logic):
    """The filter inside the brackets of `emails[…]`: all of it must hold for the same value."""

    def __init__(self, bound: Any, attribute: AttributeBinding, rows: Multiple) -> None:
        self.bound = bound
        self.attribute = attribute
        self.rows = rows

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self._bind(node.attr_path)
        return _compare(self._kind(binding), node.op.value, _operand(binding, node.value, node.op))

    def visit_present(self, node: Present) -> Q:
        return self._kind(self._bind(node.attr_path)).present()

    def visit_value_path(self, node: ValuePath) -> Q:
        raise InvalidFilterException(detail="a value filter can't hold another one")

    def _kind(self, binding: AttributeBinding) -> ValueKind:
        return self.rows.sub(split_path(binding)[1])

    def _bind(self, inner: AttrPath) -> AttributeBinding:
        """`type` inside `emails[…]` is `emails.type`; a list of plain values is addressed as `value`."""
        urn, _, name = self.attribute.urn.rpartition(":")
        if not _is_complex(self.attribute):
            return self.attribute
        binding = self.bound.resolve(AttrPath(name, inner.attr, urn), strict=False)
        if not isinstance(binding, AttributeBinding):
            raise InvalidFilterException(detail=f"'{name}.{inner.attr}' is not an attribute of the schema")
        return binding


def _is_complex(binding: AttributeBinding) -> bool:
    return hasattr(binding.field_type, "model_fields")


def _bound(expression: str, resource: Any) -> Any:
    """The filter bound to a resource type; unknown attributes raise ValidationError."""
    return typed(SearchRequest, resource).model_validate({"filter": expression}).filter


def compiled(expression: str, registry: Registry) -> Q:
    """The condition for a filter. Raises 400 `invalidFilter`."""
    check_size(expression)
    try:
        bound = _bound(expression, registry.resource)
    except (ValidationError, RecursionError) as error:
        raise refuse("invalidFilter", why(error, expression)) from error
    return Compiler(bound, registry).visit(bound.ast)


def compile_known(expression: str, registry: Registry) -> Q:
    """The same, where another resource type may know attributes that this one lacks (section 3.4.2.1)."""
    bound: Any = ScimFilter.__class_getitem__(registry.resource)(expression)
    return Compiler(bound, registry).visit(bound.ast)


def member_condition(value_filter: str) -> Q:
    """The condition on SSO membership rows for `members[value_filter]` (PATCH paths)."""
    expression = f"members[{value_filter}]"
    check_size(expression)
    try:
        bound = _bound(expression, GROUPS.resource)
    except (ValidationError, RecursionError) as error:
        raise refuse("invalidFilter", why(error, expression)) from error
    node: ValuePath = bound.ast
    rows = GROUPS.multiple("members")
    return ValueCompiler(bound, bound.resolve(node.attr_path), rows).visit(node.val_filter)


def why(error: Exception, expression: str) -> str:
    """What is wrong with a filter, in the library's words, and the usual cause."""
    if not isinstance(error, ValidationError):
        return Wire.FILTER_UNREADABLE()
    told = sentence(str(error.errors(include_url=False, include_input=False)[0]["msg"]))
    return Wire.FILTER_BARE(detail=told) if bare_words.is_value_bare(expression) else told


class SCIMUserFilter:
    """django-scim2's USER_FILTER_PARSER: a QuerySet from `Q`, no raw SQL."""

    attr_map: ClassVar[dict[Any, str]] = {}

    @classmethod
    def search(cls, filter_query: str, request: Any = None) -> QuerySet[SSOUser]:
        rows = SSOUser.objects.of(request.actor.identity_provider_id)
        return rows.filter(compiled(filter_query, USERS))


class SCIMGroupFilter:
    """django-scim2's GROUP_FILTER_PARSER."""

    attr_map: ClassVar[dict[Any, str]] = {}

    @classmethod
    def search(cls, filter_query: str, request: Any = None) -> QuerySet[SSOGroup]:
        rows = SSOGroup.objects.of(request.actor.identity_provider_id)
        return rows.filter(compiled(filter_query, GROUPS))
