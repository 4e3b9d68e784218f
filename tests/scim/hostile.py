"""What strangers and careless clients may send (SR-33, SR-37), and the promise that it is answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpResponse
from hypothesis import strategies as st

from scim.wire.resources import GroupResource, UserResource
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    PATCH_OP,
    PORTAL_GROUP,
    PORTAL_USER,
    SCIM,
    Document,
    snapshot,
)

PATCH_TITLE = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "T"}]}


@dataclass
class World:
    """An identity provider with something to read, change and break."""

    idp: IdP
    user: str
    group: str
    before: dict[str, list[tuple[Any, ...]]]

    def holds(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send the request; check the promise; take back what it did."""
        with transaction.atomic():
            answer = self.idp.send(method, path, body, **headers)
            assert answer.status_code < 500 or answer.status_code == 501, (method, path, body, answer.content)
            if method != "HEAD" and answer.status_code not in {204, 304}:
                assert answer["Content-Type"] == SCIM
                assert answer.json()
            if answer.status_code >= 400:
                assert method == "HEAD" or problem(answer)
                assert snapshot() == self.before
            transaction.set_rollback(True)
        return answer


def new_world() -> World:
    idp = new_idp()
    user = idp.user(
        "ann@example.com",
        externalId="e-1",
        name={"givenName": "Ann", "familyName": "Bo"},
        emails=[{"value": "ann@example.com", "type": "work", "primary": True}, {"value": "a@home.example"}],
        **{ENTERPRISE: {"department": "R&D", "manager": {"value": "26118915"}}},
    )
    other = idp.user()
    group = idp.group("Staff", [user, other], externalId="g-1")
    return World(idp, user["id"], group["id"], snapshot())


# --- what to send -----------------------------------------------------------------------------------------


def names_of(model: Any) -> list[str]:
    """Every attribute and sub-attribute of a resource, as paths."""
    found = []
    for field, info in model.model_fields.items():
        name = info.serialization_alias or field
        found.append(name)
        kind = model.get_field_root_type(field)
        if hasattr(kind, "model_fields"):
            found += [f"{name}.{sub.serialization_alias or key}" for key, sub in kind.model_fields.items()]
    return found


USER_NAMES = [
    *names_of(UserResource),
    *(f"{ENTERPRISE}:{name}" for name in ("department", "manager", "manager.value", "employeeNumber")),
    *(f"{PORTAL_USER}:{name}" for name in ("status", "lastActive", "email")),
    *(CORE_USER, ENTERPRISE, PORTAL_USER, f"{CORE_USER}:userName", f"{CORE_USER}:name.givenName"),
]
GROUP_NAMES = [
    *names_of(GroupResource),
    *(CORE_GROUP, PORTAL_GROUP, f"{PORTAL_GROUP}:portalGroups.value", f"{CORE_GROUP}:displayName"),
]
ODD_NAMES = [
    *(
        "",
        " ",
        ".",
        "a.b.c",
        "foo",
        "urn:",
        "urn:x:y",
        f"{ENTERPRISE}:",
        "emails[",
        "emails[]",
        "$ref",
        "members[value]",
    ),
    *("name.", ".name", "emails..value", "emails[type eq]", "USERNAME", "emails.type.x", "\x00", "é", "a" * 900),
]
ODD_TEXT = [
    *("", " ", "x", "\x00", "a\x00b", "\n", "\u202e", "\ufeff", "É", "ﬁ", "İ", "\U0001f600", "%", "_", "\\", '"', "'"),
    *("null", "true", "False", "-1", "1e999", "2026-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "bulkId:x", "x" * 256, "x" * 2_000, 'W/"1"', "a@b@c"),
]
texts = st.one_of(st.sampled_from(ODD_TEXT), st.text(max_size=8))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["value", "type", "primary", "display", "$ref", "givenName", "manager", "x", "VALUE"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
user_names = st.sampled_from([*USER_NAMES, *ODD_NAMES])
group_names = st.sampled_from([*GROUP_NAMES, *ODD_NAMES])
operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "xx", ""])
operands = st.one_of(
    texts.map(json.dumps),
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["true", "false", "null", "1.5", "1e400", "-0", "NaN", "Infinity", "abc", '"', "", '"\\ud800"']),
)


def filters_over(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    term = st.one_of(
        st.tuples(names, operators, operands).map(" ".join),
        names.map(lambda name: f"{name} pr"),
        st.tuples(names, st.sampled_from(["type", "value", "primary", "x", "display"]), operators, operands).map(
            lambda part: f"{part[0]}[{part[1]} {part[2]} {part[3]}]"
        ),
    )
    return st.recursive(
        term,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" and ", " or ", " AND ", " xor ", ""]), inner).map("".join),
            inner.map(lambda text: f"not ({text})"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"({text}"),
        ),
        max_leaves=4,
    )


def patch_paths(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    selected = st.tuples(names, filters_over(names), st.sampled_from(["", ".value", ".x", ".type"])).map(
        lambda part: f"{part[0]}[{part[1]}]{part[2]}"
    )
    return st.one_of(names, selected, values)


def patches(names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    known = st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace", "remove", "Add", "REMOVE"])},
        optional={"path": patch_paths(names), "value": st.one_of(values, st.dictionaries(names, values, max_size=3))},
    )
    odd = st.fixed_dictionaries({}, optional={"op": values, "path": values, "value": values})
    operations = st.one_of(st.lists(st.one_of(known, known, odd, values), min_size=1, max_size=3), values)
    return st.fixed_dictionaries({"schemas": st.just([PATCH_OP]), "Operations": operations})


def bodies_of(base: Document, names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    return st.dictionaries(names, values, max_size=3).map(lambda changes: {**base, **changes})


def parameters_over(names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    odd = st.one_of(texts, values)
    return st.fixed_dictionaries(
        {},
        optional={
            "filter": st.one_of(filters_over(names), odd),
            "sortBy": st.one_of(names, odd),
            "sortOrder": st.one_of(st.sampled_from(["ascending", "descending"]), odd),
            "startIndex": st.one_of(st.integers(-3, 5), odd),
            "count": st.one_of(st.integers(-3, 5), odd),
            "cursor": odd,
            "attributes": st.one_of(names, st.lists(names, max_size=3), odd),
            "excludedAttributes": st.one_of(names, st.lists(names, max_size=3), odd),
        },
    )


def raw(document: Any) -> bytes:
    """JSON as careless clients write it: NaN and lone surrogates included."""
    return json.dumps(document).encode()


def queried(path: str, parameters: Document) -> str:
    flat = {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in parameters.items()
    }
    return f"{path}?{urlencode(flat, errors='replace')}"
