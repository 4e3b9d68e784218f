"""What hypothesis makes up: resources as they are kept, and PATCH operations as identity providers write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.scim import patch_model as model
from tests.scim.patch_model import CORE, CORE_GROUP, ENTERPRISE, Document

# Few values, so that filters match, additions repeat and names collide.
WORDS = ("Ada", "ada", "Lovelace", "x", "1", "")
USER_NAMES = ("ada@example.test", "ADA@example.test", "countess", "bob@example.test", "Bob@Example.test")
TAKEN = frozenset({"bob@example.test"})
ADDRESSES_OF_MAIL = ("ada@example.test", "Ada@home.test", "ada@home.test", "x@y.test")
NUMBERS = ("1", "2", "+49 30 1")
TYPES = ("work", "home", "other")

VALUES_OF = {"emails": ADDRESSES_OF_MAIL}
KINDS = tuple(model.MULTIPLE)
_MULTIPLE = frozenset(kind.lower() for kind in KINDS)

words = st.sampled_from(WORDS)
plain_words = st.sampled_from(WORDS[:-1])


def optional(fields: dict[str, SearchStrategy[Any]], *, least: int = 0) -> SearchStrategy[Document]:
    """Some of these members."""
    chosen = st.fixed_dictionaries({}, optional=fields)
    return chosen.filter(lambda found: len(found) >= least)


# --- resources as they are kept ---------------------------------------------------------------------------------------


def entries_of(kind: str) -> SearchStrategy[list[Document]]:
    """Values of one multi-valued attribute, at most one of them primary."""
    return st.lists(entry_of(kind), max_size=3, unique_by=_as_compared).map(_one_primary)


def entry_of(kind: str) -> SearchStrategy[Document]:
    fields = {sub: _sub_value(kind, sub) for sub in model.MULTIPLE[kind]}
    return optional(fields, least=1)


def _sub_value(kind: str, sub: str) -> SearchStrategy[Any]:
    if sub == "primary":
        return st.booleans()
    if sub == "type":
        return st.sampled_from(model.KNOWN_TYPES.get(kind, TYPES)[:3])
    return st.sampled_from(VALUES_OF.get(kind, NUMBERS)) if sub == "value" else plain_words


def _as_compared(entry: Document) -> str:
    return repr(sorted(entry.items())).lower()


def _one_primary(entries: list[Document]) -> list[Document]:
    seen = False
    for entry in entries:
        if entry.get("primary"):
            entry["primary"] = not seen
            seen = True
    return entries


def texts(names: tuple[str, ...]) -> dict[str, SearchStrategy[Any]]:
    return dict.fromkeys(names, words)


managers = optional(dict.fromkeys(("value", "displayName"), plain_words), least=1)
enterprises = optional({**texts(model.ENTERPRISE_TEXTS), "manager": managers}, least=1)

users = st.builds(
    lambda required, rest: {**required, **{name: value for name, value in rest.items() if value}},
    st.fixed_dictionaries({"userName": st.sampled_from(USER_NAMES[:3]), "active": st.booleans()}),
    optional(
        {
            **dict.fromkeys((name for name in model.TEXTS if name != "userName"), plain_words),
            "name": optional(texts(model.NAME), least=1),
            **{kind: entries_of(kind) for kind in KINDS},
            ENTERPRISE: enterprises,
        }
    ),
)


# --- operations on Users ----------------------------------------------------------------------------------------------


@st.composite
def spelled(draw: Callable[..., Any], name: str) -> str:
    """A name as senders write it: mostly as the schema does."""
    return draw(st.sampled_from((name, name, name, name.lower(), name.upper())))


odd_texts = st.one_of(words, words, words, st.none(), st.integers(0, 3), st.just(["x"]), st.just({"a": 1}))
statuses = st.sampled_from((True, False, "True", "False", "true", None, "yes", 1))
user_names = st.one_of(st.sampled_from(USER_NAMES), st.sampled_from(("", " ", None, 5)))


def _sloppy_entry(kind: str) -> SearchStrategy[Any]:
    """An entry with an unknown member, capitals, a null, a string for a boolean, or only its value."""
    extras: dict[str, SearchStrategy[Any]] = {"unknown": words, "Display": st.none() | words, "TYPE": st.just("Work")}
    strings = {"primary": st.sampled_from(("True", "false"))}
    sloppy = st.builds(_without_doubles, entry_of(kind), optional({**extras, **strings}))
    return st.one_of(entry_of(kind), sloppy, st.sampled_from(VALUES_OF.get(kind, NUMBERS)))


def _without_doubles(entry: Document, extra: Document) -> Document:
    """Names that differ in case only are refused before PATCH is looked at."""
    names = {name.lower() for name in extra}
    return {**{name: value for name, value in entry.items() if name.lower() not in names}, **extra}


def _values_for(kind: str) -> SearchStrategy[Any]:
    one = _sloppy_entry(kind)
    return st.one_of(st.lists(one, max_size=3), one, st.sampled_from((None, [], 5)))


def _filters(kind: str) -> SearchStrategy[str]:
    values = VALUES_OF.get(kind, NUMBERS) if "value" in model.MULTIPLE[kind] else ("1",)
    about_value = [f'value {op} "{value}"' for op in ("eq", "ne", "co", "sw") for value in values]
    about_type = [f'type {op} "{name}"' for op in ("eq", "eq", "eq", "ne") for name in (*TYPES, "Work", "mobile")]
    others = ["primary eq true", "primary eq false", "primary ne true", "display pr", 'display eq "x"']
    if "value" not in model.MULTIPLE[kind]:
        about_value, others = ['locality eq "x"'], ["primary eq true", "locality pr"]
    terms = st.sampled_from([*about_type, *about_type, *about_value, *others])
    negated = terms.map(lambda term: f"not ({term})")
    both = st.builds(lambda *parts: f"{parts[0]} {parts[1]} {parts[2]}", terms, st.sampled_from(("and", "or")), terms)
    odd = st.sampled_from(('unknown eq "x"', "type eq", "("))
    return st.one_of(terms, terms, terms, negated, both, odd)


Case = tuple[str, SearchStrategy[Any]]
"""A path and the values that fit it."""


@st.composite
def single_paths(draw: Callable[..., Any]) -> Case:
    name = draw(st.sampled_from(model.TEXTS))
    if name == "userName":
        return draw(spelled(name)), user_names
    return draw(spelled(name)), odd_texts


@st.composite
def status_paths(draw: Callable[..., Any]) -> Case:
    return draw(spelled("active")), statuses


@st.composite
def name_paths(draw: Callable[..., Any]) -> Case:
    if draw(st.booleans()):
        sub = draw(st.sampled_from((*model.NAME, "unknown")))
        return f"{draw(spelled('name'))}.{draw(spelled(sub))}", odd_texts
    values = st.one_of(optional({**texts(model.NAME), "GIVENNAME": words, "unknown": words}), st.none(), st.just("x"))
    return draw(spelled("name")), values.map(_once)


def _once(value: Any) -> Any:
    """Without the member that another one names in capitals."""
    if isinstance(value, dict) and "GIVENNAME" in value:
        return {name: item for name, item in value.items() if name != "givenName"}
    return value


@st.composite
def multiple_paths(draw: Callable[..., Any]) -> Case:
    kind = draw(st.sampled_from(("emails", "emails", "phoneNumbers", *KINDS)))
    name = draw(spelled(kind))
    sub = draw(st.sampled_from(model.MULTIPLE[kind]))
    simple = st.sampled_from((True, False, "True", None)) if sub == "primary" else odd_texts
    if sub == "value" and kind == "emails":
        simple = st.sampled_from((*ADDRESSES_OF_MAIL, "two  blanks@y.test", 5))
    match draw(st.sampled_from(("whole", "whole", "entry", "sub", "sub", "all"))):
        case "whole":
            return name, _values_for(kind)
        case "entry":
            return f"{name}[{draw(_filters(kind))}]", st.one_of(entry_of(kind), _sloppy_entry(kind))
        case "sub":
            return f"{name}[{draw(_filters(kind))}].{draw(spelled(sub))}", simple
    return f"{name}.{sub}", simple


@st.composite
def enterprise_paths(draw: Callable[..., Any]) -> Case:
    urn = draw(st.sampled_from((ENTERPRISE, ENTERPRISE, ENTERPRISE.lower())))
    said = st.one_of(managers, plain_words, st.sampled_from(("", None, {"value": None})))
    match draw(st.sampled_from(("text", "manager", "part", "whole"))):
        case "text":
            return f"{urn}:{draw(spelled(draw(st.sampled_from(model.ENTERPRISE_TEXTS))))}", odd_texts
        case "manager":
            return f"{urn}:{draw(spelled('manager'))}", said
        case "part":
            return f"{urn}:manager.{draw(st.sampled_from(('value', 'displayName', 'VALUE')))}", odd_texts
    whole = optional({**texts(model.ENTERPRISE_TEXTS), "manager": said, "unknown": words})
    return urn, st.one_of(whole, whole, st.none())


def _fixed(*paths: str) -> SearchStrategy[Case]:
    return st.sampled_from(paths).map(lambda path: (path, words))


unknown_paths = _fixed(
    "unknown", "name.unknown", "displayName.unknown", "urn:example:x:2.0:User:unknown", "manager", "x.title"
)
read_only_paths = _fixed("id", "meta", "meta.created", "groups", "password", "schemas")
broken_paths = _fixed("emails[", "emails]", "a b", "emails[type eq].value", 'displayName[type eq "x"]', ".", "name.")

user_cases: SearchStrategy[Case] = st.one_of(
    single_paths(),
    status_paths(),
    name_paths(),
    multiple_paths(),
    multiple_paths(),
    multiple_paths(),
    enterprise_paths(),
)
ops = st.sampled_from(("add", "replace", "remove", "Add", "Replace", "Remove", "REPLACE"))


def _qualified(path: str, urn: str) -> str:
    return path if path.lower().startswith("urn:") else f"{urn}:{path}"


@st.composite
def on_user_paths(draw: Callable[..., Any]) -> Document:
    """One operation with a path."""
    rare = draw(st.integers(0, 19))
    cases = {0: unknown_paths, 1: read_only_paths, 2: broken_paths}.get(rare, user_cases)
    path, values = draw(cases)
    if rare in {3, 4}:
        path = _qualified(path, CORE)
    return draw(_operation(path, values))


@st.composite
def _operation(draw: Callable[..., Any], path: str, values: SearchStrategy[Any]) -> Document:
    op = draw(ops)
    operation = {"op": op, "path": path}
    if op.lower() != "remove" or draw(st.integers(0, 4)) == 0:
        operation["value"] = draw(values)
    return operation


def _contradict(path: str, other: str) -> bool:
    """An object has no order: of one attribute's values it may say two things only where they can't meet."""
    head, other_head = (re.split(r"[.\[]", name)[0] for name in (path, other))
    both_choose_values = path.endswith("].value") and other.endswith("].value")
    return path == other or (head == other_head and head in _MULTIPLE and not both_choose_values)


@st.composite
def on_many_attributes(draw: Callable[..., Any]) -> Document:
    """One operation without path: its value names attributes, dotted names, paths or whole schemas."""
    cases = draw(st.lists(st.one_of(user_cases, user_cases, unknown_paths, read_only_paths), min_size=1, max_size=4))
    value: Document = {}
    for path, values in cases:
        if not any(_contradict(path.lower(), name.lower()) for name in value):
            value[path] = draw(values)
    operation: Document = {"op": draw(st.sampled_from(("add", "replace", "Replace"))), "value": value}
    return {**operation, "path": ""} if draw(st.integers(0, 9)) == 0 else operation


malformed: SearchStrategy[Document] = st.sampled_from(
    (
        {"op": "remove"},
        {"op": "move", "path": "title", "value": "x"},
        {"op": "replace", "path": "title"},
        {"op": "add", "path": "title"},
        {"op": "add", "value": ["x"]},
        {"op": "replace", "value": "x"},
    )
)

_user_operation = st.integers(0, 24).flatmap(
    lambda dice: malformed if dice == 0 else on_many_attributes() if dice < 7 else on_user_paths()
)
user_operations = st.lists(_user_operation, min_size=1, max_size=4)


# --- Groups -----------------------------------------------------------------------------------------------------------

HERE, GONE, NEVER = range(4), range(4, 6), range(6, 7)
GROUP_NAMES = ("Engineering", "engineering", "Ops", "Taken", "TAKEN", "Sales  EMEA")
OTHER_GROUPS = frozenset({"taken"})

person_numbers = st.one_of(st.sampled_from(HERE), st.sampled_from(HERE), st.sampled_from(HERE), st.sampled_from(GONE))
anybody = st.one_of(person_numbers, person_numbers, person_numbers, st.sampled_from(NEVER))

groups = st.fixed_dictionaries(
    {
        "displayName": st.sampled_from(GROUP_NAMES[:3]),
        "externalId": st.none() | plain_words,
        "members": st.sets(st.sampled_from(HERE), max_size=4),
    }
)


def group_operations(ids: list[str], names: list[str]) -> SearchStrategy[list[Document]]:
    """Operations on a Group whose members may be these people, by number."""
    members = _members(ids)
    cases: SearchStrategy[Case] = st.one_of(
        spelled("members").map(lambda path: (path, members)),
        spelled("members").map(lambda path: (path, members)),
        _member_filters(ids, names).map(lambda text: (f"members[{text}]", members)),
        spelled("displayName").map(lambda path: (path, st.sampled_from((*GROUP_NAMES, *GROUP_NAMES, "", None, 5)))),
        spelled("externalId").map(lambda path: (path, st.one_of(words, words, st.none(), st.integers(0, 1)))),
        _fixed("id", "meta", "description", "members.value", "members.display"),
    )
    operation = st.integers(0, 24).flatmap(
        lambda dice: malformed if dice == 0 else _on_the_group(members) if dice < 6 else _on_group_paths(cases)
    )
    return st.lists(operation, min_size=1, max_size=4)


def _members(ids: list[str]) -> SearchStrategy[Any]:
    """Values of `members`: lists, one alone, objects with more or less in them, bare ids, and what is no user."""
    member = anybody.map(lambda number: {"value": ids[number]})
    more = optional({"display": words, "type": st.just("User")})
    dressed = st.builds(lambda one, extra: {**one, **extra}, member, more)
    bare = anybody.map(lambda number: ids[number])
    odd = st.sampled_from(({"value": ids[0], "type": "Group"}, {"value": "no-uuid"}, "no-uuid", 5, {"display": "x"}))
    one = st.one_of(member, member, dressed, bare, st.integers(0, 9).flatmap(lambda dice: member if dice else odd))
    return st.one_of(st.lists(one, max_size=4), one, st.just([]))


def _member_filters(ids: list[str], names: list[str]) -> SearchStrategy[str]:
    by_id = [f'value eq "{one}"' for one in ids]
    named = st.sampled_from([*by_id, 'value eq "no-uuid"'])
    looked_up = [f'display eq "{names[0]}"', 'display co "ers"', 'type eq "User"', f"not ({by_id[0]})", "display pr"]
    others = st.sampled_from([*looked_up, f'{by_id[0]} and display co "ers"', f'VALUE eq "{ids[0].upper()}"'])
    either = st.builds("{} or {}".format, named, named)
    both = st.builds("{} and {}".format, named, named)
    return st.one_of(named, named, either, both, others)


def _on_group_paths(cases: SearchStrategy[Case]) -> SearchStrategy[Document]:
    qualified = cases.map(lambda case: (_qualified(case[0], CORE_GROUP), case[1]))
    return st.one_of(cases, cases, cases, qualified).flatmap(lambda case: _operation(*case))


def _on_the_group(members: SearchStrategy[Any]) -> SearchStrategy[Document]:
    """Without path."""
    said = {"displayName": st.sampled_from(GROUP_NAMES), "externalId": words, "members": members, "unknown": words}
    ignored = {"id": words, "meta": st.just({}), "schemas": st.just([CORE_GROUP])}
    values = st.builds(lambda *parts: {**parts[0], **parts[1]}, optional(said, least=1), optional(ignored))
    ops_without_path = st.sampled_from(("add", "Replace"))
    return st.builds(lambda op, value: {"op": op, "value": value}, ops_without_path, values)
