"""The lookup an identity provider makes before nearly every write: `attribute eq "value"`, or GET by id.

Parsing such a filter, binding it to the schema and building its SQL costs several times the index lookup. These
are recognised by their form and use prebuilt statements; every other filter is left to `filters`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from scim2_models import Path

from identity.core.errors import InvalidValue
from identity.db.compiled import CompiledQuery, Parameter
from scim.queries import listing
from scim.queries.kinds import Identifier, Text
from scim.queries.registry import Registry
from scim.wire import limits
from scim.wire.attributes import comparable

_EQUALITY = re.compile(r'\s*(\w+)\s+eq\s+"([^"\\\x00-\x1f]{0,255})"\s*', re.IGNORECASE)
_FIRST_PAGE = frozenset({"filter", "startIndex", "count", "attributes", "excludedAttributes"})

_Query = Callable[[int, Any], list[Any]]
"""The rows of an IdP (its row id) with a value."""


class LookUps:
    """Rows of one resource type by their own indexed columns; `rows` is where they come from."""

    def __init__(self, rows: Any, registry: Registry) -> None:
        self._rows = rows
        self._by_id = self._query(cast("Identifier", registry.singles["id"]))
        texts = {path: kind for path, kind in registry.singles.items() if isinstance(kind, Text) and _is_own(kind)}
        self._by_text = {
            path.lower(): (self._query(kind), _is_case_exact(registry, path)) for path, kind in texts.items()
        }

    def by_id(self, scim_id: UUID, *, provider: int) -> Any:
        """This IdP's row with this id, or None."""
        return next(iter(self._by_id(provider, scim_id)), None)

    def find(self, parameters: dict[str, Any], *, provider: int) -> list[Any] | None:
        """All rows of the request; None if it is not such a lookup, or if they fill its page."""
        asked = _EQUALITY.fullmatch(listing.filter_of(parameters) or "")
        known = asked and self._by_text.get(asked[1].lower())
        if not asked or not known or parameters.keys() - _FIRST_PAGE:
            return None
        page = listing.page_of(parameters)
        query, case_exact = known
        try:
            wanted = comparable(asked[2], case_exact=case_exact)
        except InvalidValue:  # the filter's own compiler explains the error
            return None
        found = query(provider, wanted)
        return found if page.start == 1 and len(found) < page.count else None

    def _query(self, kind: Text | Identifier) -> _Query:
        provider, wanted = (Parameter(self._rows.model, name) for name in ("identity_provider", kind.name))
        query = CompiledQuery(
            lambda: self._rows.of(provider).filter(**{kind.name: wanted}).order_by("pk")[: limits.PAGE_MAXIMUM]
        )
        return lambda provider, wanted: query(**{"identity_provider": provider, kind.name: wanted})


def _is_own(kind: Text | Identifier) -> bool:
    return "__" not in kind.name


def _is_case_exact(registry: Registry, path: str) -> bool:
    binding = Path.__class_getitem__(registry.resource)(path).resolve()
    return bool(binding and binding.case_exact)
