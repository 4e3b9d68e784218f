"""PATCH once more, on plain dicts: RFC 7644 section 3.5.2 as it reads, and the product's own rules where they differ.

Written without a look at the portal's code or at scim2-models, so that a disagreement between the two is a finding.
`patched_user` and `patched_group` answer the new state, or raise `Refused` with the scimTypes that fit: several
operations of one request can each be wrong, and the RFC leaves open which one is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
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


# --- paths ------------------------------------------------------------------------------------------------------------

_PATH = re.compile(r"^(?:(?P<urn>urn:.+):)?(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>[\w$-]+))?$")


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
        return Target(_spelled(path, (CORE, ENTERPRISE)) or "", "")
    found = _PATH.match(path)
    if found is None:
        raise Refused("invalidPath")
    urn = _spelled(found["urn"] or CORE, (CORE, ENTERPRISE))
    if not found["urn"] and _spelled(found["name"], _names_of(ENTERPRISE)):
        urn = ENTERPRISE  # Entra ID: `manager`
    name = _spelled(found["name"], _names_of(urn)) if urn else None
    if urn is None or name is None:
        return _nothing(found["sub"] or found["name"])
    subs = subs_of(urn, name)
    sub = _spelled(found["sub"], subs) if found["sub"] else ""
    if sub is None:
        return _nothing(found["sub"])
    if found["filter"] and name not in MULTIPLE:
        raise Refused("invalidPath", "invalidFilter")
    return Target(urn, name, found["filter"] or "", sub)


def _nothing(last: str) -> None:
    """What ends like an attribute of ours is never ignored."""
    known = {*_names_of(CORE), *_names_of(ENTERPRISE), *NAME, *ADDRESS} - {*READ_ONLY, *NOT_KEPT}
    if _spelled(last, tuple(known - {*PLURAL})):
        raise Refused("invalidPath")


def _spelled(name: str, known: tuple[str, ...]) -> str | None:
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


# --- filters in paths -------------------------------------------------------------------------------------------------

_COMPARISON = re.compile(
    r'^(?P<sub>\w+) (?:(?P<present>pr)|(?P<op>eq|ne|co|sw|ew) (?P<value>"[^"]*"|true|false))$', re.IGNORECASE
)


def test_of(text: str, subs: tuple[str, ...]) -> Test:
    """`a eq "x" and not (b pr) or …`: `or` binds weakest (RFC 7644 section 3.4.2.2)."""
    alternatives = [[_term(term, subs) for term in part.split(" and ")] for part in text.split(" or ")]
    return lambda entry: any(all(term(entry) for term in terms) for terms in alternatives)


def _term(text: str, subs: tuple[str, ...]) -> Test:
    if text.lower().startswith("not (") and text.endswith(")"):
        inner = _term(text[5:-1], subs)
        return lambda entry: not inner(entry)
    sub, op, wanted = _comparison(text, subs)
    absent = False if sub == "primary" and op != "pr" else None  # RFC 7643 section 2.4
    return lambda entry: _compare(entry.get(sub, absent), op, wanted)


def _comparison(text: str, subs: tuple[str, ...]) -> tuple[str, str, Any]:
    found = _COMPARISON.match(text)
    sub = _spelled(found["sub"], subs) if found else None
    if found is None or sub is None:
        raise Refused("invalidFilter", "invalidPath")
    return sub, (found["op"] or "pr").lower(), _literal(found["value"])


def _literal(text: str | None) -> Any:
    if text is None:
        return None
    return text.lower() == "true" if text.lower() in {"true", "false"} else text.strip('"')


def _compare(value: Any, op: str, wanted: Any) -> bool:
    """No attribute of these entries is caseExact. A missing value equals nothing."""
    value, wanted = _folded(value), _folded(wanted)
    match op:
        case "pr":
            return value not in (None, "")
        case "eq":
            return bool(value == wanted)
        case "ne":
            return bool(value != wanted)
    if value is None:
        return False
    return {"co": wanted in value, "sw": value.startswith(wanted), "ew": value.endswith(wanted)}[op]


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def described(text: str, subs: tuple[str, ...]) -> Entry | None:
    """The entry that an unmatched filter describes, as Entra ID expects it to be made; None when it describes none.

    Only equalities joined by `and` do, and none that looks for a value: `[value eq "x"]` means an entry that exists,
    as does `[primary eq false]`, which most entries are.
    """
    if " or " in text or "not (" in text.lower():
        return None
    terms = [_comparison(term, subs) for term in text.split(" and ")]
    if any(op != "eq" or sub == "value" or wanted is False for sub, op, wanted in terms):
        return None
    return {sub: wanted for sub, _, wanted in terms}


# --- values -----------------------------------------------------------------------------------------------------------


def value_for(target: Target, value: Any) -> Any:
    """A value as it is kept for what the path names; None, an empty list and an empty manager unassign."""
    if value is None:
        return None
    if target.name == "active":
        return _boolean(value)
    if target.sub:
        return _simple(target.name, target.sub, value)
    if target.name in MULTIPLE and target.urn == CORE:
        return _entry(target.name, value) if target.filter else _entries(target.name, value)
    if target.name == "manager":
        return _manager(value)
    if target.name == "name":
        return _complex("name", NAME, value)
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("invalidValue")
    return value


def _boolean(value: Any) -> bool:
    """Entra ID sends strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise Refused("invalidValue")


def _simple(name: str, sub: str, value: Any) -> Any:
    if value is None:
        return None
    if sub == "primary":
        return _boolean(value)
    text = _text(value)
    return (_spelled(text, KNOWN_TYPES.get(name, ())) or text) if sub == "type" else text


def _complex(name: str, subs: tuple[str, ...], value: Any) -> Entry:
    """Sub-attributes by their spelling; those that the schema does not know are ignored; None unassigns."""
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    known = {_spelled(key, subs): item for key, item in value.items()}
    if value and not any(known):
        raise Refused("invalidValue")
    return {sub: _simple(name, sub, item) for sub, item in known.items() if sub}


def _entry(name: str, value: Any) -> Entry:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value == {}:
        raise Refused("invalidValue")
    return _complex(name, MULTIPLE[name], value)


def _entries(name: str, value: Any, *, one_primary: bool = True) -> list[Entry]:
    """A list, or one value without its list; strings stand for their `value`."""
    entries = value if isinstance(value, list) else [value]
    plain = [_object(item) for item in entries]
    if [] in plain:
        raise Refused("invalidValue")
    found = [entry for item in plain if item is not None and (entry := _without_nulls(_entry(name, item)))]
    if one_primary and sum(entry.get("primary") is True for entry in found) > 1:
        raise Refused("invalidValue")
    return found


def _object(item: Any) -> Any:
    if item == "" or isinstance(item, list):
        raise Refused("invalidValue")
    return {"value": item} if isinstance(item, str) else item


def _manager(value: Any) -> Entry | None:
    """Entra ID and Okta send the id alone, and an empty one to clear, or a list of one."""
    if isinstance(value, list) and len(value) == 1 and value != [{}]:
        value = value[0]
    if isinstance(value, str):
        return {"value": value} if value else None
    return _complex("manager", MANAGER, value)


def _without_nulls(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value is not None}


# --- Users ------------------------------------------------------------------------------------------------------------


def patched_user(user: Document, operations: list[Document], *, taken: frozenset[str] = frozenset()) -> Document:
    """The user as these operations leave it. `taken` are the folded userNames of others (R2). Raises Refused."""
    lowered = [_lowered(operation) for operation in operations]
    state, refused = _all_applied(user, lowered)
    if refused and not _leaves(lowered):
        raise Refused(*refused)
    if refused:
        state, _ = _all_applied(user, [single for operation in lowered for single in _singles(operation)])
    for name in MULTIPLE:
        state[name] = [entry for entry in state.get(name, []) if entry]
    _tidy(state)
    return _by_the_rules(user, state, taken, leaves=_leaves(lowered))


def _all_applied(user: Document, operations: list[Document]) -> tuple[Document, set[str]]:
    """Without those that must be refused, whose scimTypes are told."""
    state, refused = deepcopy(user), set()
    for operation in operations:
        step = deepcopy(state)
        try:
            _apply(step, operation)
        except Refused as error:
            refused |= error.scim_types
        else:
            state = step
    return state, refused


def _singles(operation: Document) -> list[Document]:
    """One operation for each attribute that is named without a path; those that choose among values come last."""
    value = operation.get("value")
    if operation["op"] == "remove" or not isinstance(value, dict):
        return [operation]
    if not operation.get("path"):
        named = [(key, item) for name, each in value.items() for key, item in _flat(name, each)]
    elif operation["path"].lower() == ENTERPRISE.lower():
        named = [*_flat(ENTERPRISE, value)]
    else:
        return [operation]
    return [{"op": operation["op"], "value": {name: item}} for name, item in named]


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    urn = _spelled(name, (CORE, ENTERPRISE))
    if urn is None or not isinstance(value, dict):
        yield name, value
    else:
        yield from ((f"{urn}:{key}", item) for key, item in value.items())


def _leaves(operations: list[Document]) -> bool:
    """R2: whether what can be read of them ends with an inactive person, who is let out whatever else is wrong."""
    said: list[bool] = []
    for operation in (single for each in operations for single in _singles(each)):
        probe: Document = {"userName": "x", "active": None}
        try:
            _apply(probe, operation)
        except Refused:
            continue
        said += [] if probe["active"] is None else [probe["active"]]
    return said[-1:] == [False]


def _by_the_rules(before: Document, after: Document, taken: frozenset[str], *, leaves: bool) -> Document:
    """R2: somebody else's userName is refused, or dropped when the person ends up inactive anyway."""
    if not after["userName"].strip() or "  " in _chosen_email(after):
        if not leaves:
            raise Refused("invalidValue")
        after["userName"] = after["userName"] if after["userName"].strip() else before["userName"]
    if after["userName"].lower() in taken:
        if after["active"]:
            raise Refused("uniqueness")
        after["userName"] = before["userName"]
    return after


def _chosen_email(user: Document) -> str:
    """The one that the portal would take (docs/design/rules.md): only that one is looked at closely."""
    given = [email for email in user.get("emails", []) if email.get("value")]
    chosen = sorted(given, key=lambda email: (not email.get("primary"), email.get("type") != "work"))
    return chosen[0]["value"].strip() if chosen else ""


def _lowered(operation: Document) -> Document:
    lowered = {name.lower(): value for name, value in operation.items()}
    return {**lowered, "op": str(lowered.get("op")).lower()}


def _apply(user: Document, operation: Document) -> None:
    op, path, value = operation["op"], operation.get("path"), operation.get("value")
    if op not in {"add", "replace", "remove"}:
        raise Refused("invalidSyntax", "invalidValue")
    if op == "remove" and not path:
        raise Refused("noTarget")
    if op != "remove" and "value" not in operation:
        raise Refused("invalidValue", *_what_is_wrong_with_path(path, user))
    if not path:
        _write_all(user, CORE, value, add=op == "add")
    elif (target := target_of(path)) is not None:
        _apply_to(user, target, op, operation)


def _apply_to(user: Document, target: Target, op: str, operation: Document) -> None:
    if target.name in READ_ONLY:
        raise Refused("mutability")
    if target.name in NOT_KEPT or (op == "add" and operation.get("value") is None):
        return  # null adds nothing
    if op == "remove":
        _remove(user, target, operation.get("value"))
    else:
        _write_one(user, target, operation.get("value"), add=op == "add")


def _value_for(user: Document, target: Target, value: Any) -> Any:
    """The value as it is kept; an operation whose path is wrong as well may be refused for either."""
    try:
        read = value_for(target, value)
    except Refused as refused:
        raise Refused(*refused.scim_types, *_what_is_wrong_with(target, user)) from refused
    if target.sub and target.name in MULTIPLE and not target.filter and not user.get(target.name):
        return None  # a sub-attribute of every value, and there is none
    return read


def _what_is_wrong_with_path(path: str | None, user: Document) -> frozenset[str]:
    try:
        target = target_of(path) if path else None
    except Refused as refused:
        return refused.scim_types
    if target is not None and target.name in READ_ONLY:
        return frozenset({"mutability"})
    return frozenset() if target is None else _what_is_wrong_with(target, user)


def _what_is_wrong_with(target: Target, user: Document) -> frozenset[str]:
    if not target.filter:
        return frozenset()
    try:
        chosen = _selected(user.get(target.name, []), target)
        return frozenset() if chosen else frozenset({"noTarget"})
    except Refused as refused:
        return refused.scim_types


def _write_schema(user: Document, target: Target, value: Any, *, add: bool) -> None:
    """A schema's URN as the path: the value is an object of its attributes; null unassigns an extension."""
    if value is None and target.urn == ENTERPRISE:
        user.pop(ENTERPRISE, None)
    else:
        _write_all(user, target.urn, value, add=add)


def _write_all(user: Document, urn: str, value: Any, *, add: bool) -> None:
    """An object of attributes, paths or whole extensions; what is read-only or unknown in it is ignored.

    JSON's objects have no order: paths that select among values find those that the same object brings.
    """
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    refused: set[str] = set()
    for key, item in sorted(value.items(), key=lambda member: "[" in member[0]):
        try:
            if target := _target_of_key(urn, key):
                _write_one(user, target, item, add=add)
        except Refused as error:
            refused |= error.scim_types
    if refused:
        raise Refused(*refused)


def _write_one(user: Document, target: Target, value: Any, *, add: bool) -> None:
    if add and value is None:
        return
    if target.name:
        value = _value_for(user, target, value)
        _write(user, target, _without_nulls(value) if add and isinstance(value, dict) else value, add=add)
    else:
        _write_schema(user, target, value, add=add)


def _target_of_key(urn: str, key: str) -> Target | None:
    path = key if urn == CORE or key.lower().startswith("urn:") else f"{urn}:{key}"
    try:
        target = target_of(path)
    except Refused:
        if "[" in key or _PATH.match(path):
            raise
        return None  # no name that a schema may have
    return None if target is None or target.name in (*READ_ONLY, *NOT_KEPT) else target


def _home(user: Document, urn: str) -> Document:
    """Where the attributes of a schema are."""
    return user if urn == CORE else user.setdefault(ENTERPRISE, {})


def _tidy(user: Document) -> None:
    """What holds nothing is unassigned (RFC 7643 section 2.5)."""
    extension = user.get(ENTERPRISE, {})
    for home, name in ((extension, "manager"), (user, ENTERPRISE), (user, "name"), *((user, m) for m in MULTIPLE)):
        if name in home and not home[name]:
            del home[name]


def _write(user: Document, target: Target, value: Any, *, add: bool) -> None:
    """3.5.2.1 and 3.5.2.3: add and replace differ for multi-valued attributes only."""
    if value is None and target == Target(CORE, "userName"):
        raise Refused("mutability")
    if value is None and target == Target(CORE, "active"):
        return  # null says nothing about a status, which is always true or false
    home = _home(user, target.urn)
    if target.name in MULTIPLE and target.urn == CORE:
        _write_multiple(home, target, value, add=add)
    elif target.sub:
        _merge(home.setdefault(target.name, {}), {target.sub: value})
    elif isinstance(value, dict):
        _merge(home.setdefault(target.name, {}), value)
    else:
        _merge(home, {target.name: value})
    _tidy(user)


def _merge(home: Document, values: Document) -> None:
    """The sub-attributes named are set, null ones unassigned, others kept."""
    for name, value in values.items():
        if value is None:
            home.pop(name, None)
        else:
            home[name] = value


def _write_multiple(user: Document, target: Target, value: Any, *, add: bool) -> None:
    entries: list[Entry] = user.get(target.name, [])
    before = deepcopy(entries)
    if target.filter or target.sub:
        entries = _write_selected(entries, target, value, add=add)
    elif value is None:
        entries = []
    else:
        entries = [*entries, *_new(entries, value)] if add else value
    user[target.name] = _with_one_primary(before, entries)


def _new(entries: list[Entry], values: list[Entry]) -> list[Entry]:
    """A value that is there already is not added again (3.5.2.1)."""
    known = [_comparable(entry) for entry in entries]
    return [value for value in values if _comparable(value) not in known]


def _comparable(entry: Entry) -> Entry:
    return {name: _folded(value) for name, value in entry.items()}


def _write_selected(entries: list[Entry], target: Target, value: Any, *, add: bool) -> list[Entry]:
    """The entries that a filter selects, or all: a sub-attribute of each is set, or each becomes another.

    Another one is what is sent and what the filter says of it; `add` keeps the rest as well.
    """
    subs = MULTIPLE[target.name]
    chosen = _selected(entries, target)
    changes = {target.sub: value} if target.sub else value
    if not target.filter:
        for entry in chosen:
            _merge(entry, changes)
        return entries
    if changes is None:
        raise Refused("invalidValue", "noTarget")
    if not chosen:
        return [*entries, _made(target, subs, changes)]
    for entry in chosen:
        if not (add or target.sub):
            _keep_only(entry, _equated(target.filter, subs))
        _merge(entry, changes)
    return entries


def _keep_only(entry: Entry, names: set[str | None]) -> None:
    for name in entry.keys() - names:
        del entry[name]


def _equated(text: str, subs: tuple[str, ...]) -> set[str | None]:
    return {_spelled(name, subs) for name in re.findall(r"(\w+) eq\b", text, re.IGNORECASE)}


def _made(target: Target, subs: tuple[str, ...], changes: Entry) -> Entry:
    """Entra ID: `emails[type eq "work"].value` on somebody without a work email makes one."""
    about = described(target.filter, subs)
    if about is None:
        raise Refused("noTarget")
    made = _without_nulls({**{sub: _simple(target.name, sub, item) for sub, item in about.items()}, **changes})
    if not test_of(target.filter, subs)(made):
        raise Refused("invalidValue")
    return made


def _selected(entries: list[Entry], target: Target) -> list[Entry]:
    if not target.filter:
        return list(entries)
    test = test_of(target.filter, MULTIPLE[target.name])
    return [entry for entry in entries if test(entry)]


def _with_one_primary(before: list[Entry], entries: list[Entry]) -> list[Entry]:
    """A value that becomes primary ends the others' being so (3.5.2); two at once can't both."""
    was = [id(entry) for entry, old in zip(entries, before, strict=False) if old.get("primary") is True]
    primary = [entry for entry in entries if entry.get("primary") is True]
    marked = [entry for entry in primary if id(entry) not in was]
    if len(marked) > 1:
        raise Refused("invalidValue")
    for entry in primary:
        if marked and entry is not marked[0]:
            entry["primary"] = False
    return entries


def _remove(user: Document, target: Target, value: Any) -> None:
    """3.5.2.2. A value names what goes of a multi-valued attribute (Entra ID); elsewhere it says nothing more."""
    if target == Target(CORE, "userName"):
        raise Refused("mutability")
    if target == Target(CORE, "active"):
        return  # a status can't be taken away (docs/design/scim.md)
    home = user if target.urn == CORE else user.get(ENTERPRISE, {})
    if value is not None and target.name and (target.name not in MULTIPLE or target.filter or target.sub):
        value_for(target, value)  # the path says it all, but what can't be read is refused everywhere
    if not target.name:
        _remove_schema(user, target)
    elif target.name in MULTIPLE and target.urn == CORE:
        _remove_multiple(home, target, value)
    elif target.sub:
        home.get(target.name, {}).pop(target.sub, None)
    else:
        home.pop(target.name, None)
    _tidy(user)


def _remove_schema(user: Document, target: Target) -> None:
    if target.urn == CORE:
        raise Refused("invalidPath", "mutability", "noTarget")
    user.pop(ENTERPRISE, None)


def _remove_multiple(user: Document, target: Target, value: Any) -> None:
    entries: list[Entry] = user.get(target.name, [])
    chosen = _selected(entries, target)
    if target.sub:
        for entry in chosen:
            entry.pop(target.sub, None)
        return
    if value is not None and not target.filter:
        wanted = _entries_named(target.name, value) if value not in ("", []) else []
        chosen = [entry for entry in entries if any(_holds(entry, one) for one in wanted)]
    user[target.name] = [entry for entry in entries if not any(entry is one for one in chosen)]


def _entries_named(kind: str, value: Any) -> list[Entry]:
    """What a remove names must be understood as a whole: else something else might go."""
    objects = [{"value": entry} if isinstance(entry, str) else entry for entry in _listed(value)]
    members = [name for entry in objects if isinstance(entry, dict) for name in entry if entry[name] is not None]
    if any(_spelled(name, MULTIPLE[kind]) is None for name in members):
        raise Refused("invalidFilter", "invalidPath", "invalidValue")
    wanted = _entries(kind, value, one_primary=False)
    if not all(wanted):
        raise Refused("invalidValue")
    return wanted


def _holds(entry: Entry, wanted: Entry) -> bool:
    return all(_folded(entry.get(name)) == _folded(value) for name, value in wanted.items())


# --- Groups -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class People:
    """Who a group can name: id → shown name of those who are here, ids of those who were, names of other groups."""

    here: dict[str, str]
    gone: frozenset[str] = frozenset()
    other_groups: frozenset[str] = frozenset()


def patched_group(group: Document, operations: list[Document], people: People) -> Document:
    """`group` is displayName, externalId and members as a set of ids. Raises Refused."""
    state, refused = deepcopy(group), set()
    for operation in operations:
        step = deepcopy(state)
        try:
            _apply_to_group(step, _lowered(operation), people)
        except Refused as error:
            refused |= error.scim_types
        else:
            state = step
    if not state["displayName"].strip() or state["members"] - people.here.keys():
        refused.add("invalidValue")
    if state["displayName"].lower() in people.other_groups:
        refused.add("uniqueness")
    if refused:
        raise Refused(*refused)
    return state


def _apply_to_group(group: Document, operation: Document, people: People) -> None:
    op, path, value = operation["op"], operation.get("path"), operation.get("value")
    if op not in {"add", "replace", "remove"}:
        raise Refused("invalidSyntax", "invalidValue")
    if op == "remove" and not path:
        raise Refused("noTarget")
    if op == "replace" and "value" not in operation:
        raise Refused("invalidValue")
    if op == "add" and "value" not in operation and "[" not in (path or ""):
        raise Refused("invalidValue")
    for name, item in _group_parts(path, value):
        if op != "add" or "value" not in operation or item is not None:
            _apply_to_attribute(group, op, name, item, people)


def _group_parts(path: str | None, value: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of one operation, or of each attribute in a value without path."""
    if path:
        yield path, value
        return
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    for name, item in value.items():
        if _without_core(name).lower() not in {"id", "meta", "schemas"}:
            yield name, item


def _without_core(path: str) -> str:
    return path[len(CORE_GROUP) + 1 :] if path.lower().startswith(f"{CORE_GROUP.lower()}:") else path


def _apply_to_attribute(group: Document, op: str, path: str, value: Any, people: People) -> None:
    """An attribute that Groups here do not have is ignored."""
    name, _, rest = _without_core(path).partition("[")
    match name.lower():
        case "displayname":
            group["displayName"] = _required(op, value)
        case "externalid":
            group["externalId"] = None if op == "remove" or value is None else _text(value)
        case "members":
            _apply_to_members(group, op, rest.removesuffix("]"), value, people)
        case "id" | "meta":
            raise Refused("mutability")
        case text if text.startswith("members."):
            raise Refused("mutability")


def _required(op: str, value: Any) -> str:
    if op == "remove" or value is None:
        raise Refused("mutability")
    return _text(value)


def _apply_to_members(group: Document, op: str, text: str, value: Any, people: People) -> None:
    members: set[str] = group["members"]
    if text and op == "replace":
        raise Refused("mutability", "noTarget")
    match op:
        case "add" if text:
            members |= _joining(_named_in(text), people)
        case "add":
            members |= _joining(value, people)
        case "replace":
            group["members"] = _joining(value, people)
        case "remove" if text:
            members -= _whom(text, members, people)
        case "remove" if value is not None:
            members -= _named(value)
        case "remove":
            members.clear()


_UUID = re.compile("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def _joining(value: Any, people: People) -> set[str]:
    """R20: somebody who never was here is refused at the end, who is gone is skipped. R14: so are groups."""
    wanted = set()
    for entry in _listed(value):
        if isinstance(entry, dict) and entry.get("type") == "Group" and isinstance(entry.get("value"), str):
            continue
        if isinstance(entry, dict) and str(entry.get("type", "User")).lower() != "user":
            raise Refused("invalidValue")
        if not _UUID.match(_id_of(entry)):
            raise Refused("invalidValue")
        wanted.add(_id_of(entry))
    return wanted - people.gone


_ONE_BY_ID = re.compile(r'^value eq "([^"]*)"$', re.IGNORECASE)


def _named_in(text: str) -> list[str]:
    """Some clients add by `members[value eq "…"]`: only equality names somebody."""
    found = [_ONE_BY_ID.match(term) for term in text.split(" or ")]
    if None in found:
        raise Refused("mutability", "noTarget")
    return [one[1] for one in found if one]


def _named(value: Any) -> set[str]:
    return {_id_of(entry) for entry in _listed(value)}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _id_of(entry: Any) -> str:
    said = entry.get("value") if isinstance(entry, dict) else entry
    if not isinstance(said, str):
        raise Refused("invalidValue")
    return said.lower()


def _whom(text: str, members: set[str], people: People) -> set[str]:
    """Members by what is shown of them; a stranger whom the same request adds can only be named."""
    test = test_of(text, ("value", "display", "type"))
    found = {one for one in people.here if test({"value": one, "display": people.here[one], "type": "User"})}
    try:
        named = {one.lower() for one in _named_in(text)}
    except Refused:
        named = set()
    return members & (found | named)
