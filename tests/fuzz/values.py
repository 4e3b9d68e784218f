"""What no field expects: as values of JSON, as texts for queries, paths, forms and headers, as bytes of a body."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

DEEP = 3_000
LONG = 20_000


class Raw(str):
    """JSON as it stands here, which no encoder would write."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object by its pairs: with names that come twice."""


TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202e\u2066",
    "é" * 300,
    "a" + "\u0301" * 400,
    "x" * LONG,
    "0",
    "-1",
    "1e999",
    "9" * 5_000,
    "99999999999999999999999",
    "2147483648",
    "9223372036854775808",
    "-9223372036854775809",
    "NaN",
    "Infinity",
    "true",
    "null",
    "None",
    "undefined",
    "[]",
    "{}",
    "{0}{x}%s%n%(x)s",
    "' OR 1=1 --",
    '"; DROP TABLE identity_user; --',
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% debug %}",
    "${jndi:ldap://x}",
    "../../../../etc/passwd",
    "..%2f..%2f%00",
    "%",
    "%zz",
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "a\r\nSet-Cookie: x=1",
    "javascript:alert(1)",
    "http://127.0.0.1:1/",
    "file:///etc/passwd",
    "2026-02-30T25:61:61Z",
    "0000-00-00",
    "10000-01-01T00:00:00+99:99",
    "1969-12-31T23:59:59.999999999999Z",
    "ß" * 65,
    "İ",
    "\U0001f600" * 50,
    "a@b",
    "@",
    "x@" + "y" * 300 + ".test",
    "ada,ben",
    "٣",
)

FILTERS: tuple[str, ...] = (
    "userName",
    "userName eq",
    'userName eq "',
    "userName eq 1",
    'userName eq "\\ud800"',
    'userName eq "\\u0000"',
    "(" * 500 + 'userName eq "a"' + ")" * 500,
    "not " * 200 + '(userName eq "a")',
    " or ".join(['userName eq "a"'] * 400),
    'emails[value eq "a"',
    'emails[emails[value eq "a"]]',
    "emails[]",
    'a.b.c.d eq "x"',
    "urn:x:y:z eq true",
    'urn:ietf:params:scim:schemas:core:2.0:User:userName pr and members[value eq "x"].display eq "y"',
    'userName sw "' + "x" * 5_000 + '"',
    "active eq 1e400",
    'meta.created gt "never"',
    "meta.created gt 5",
    'userName co "%_\\\\"',
    'userName ge "" and not (userName le "")',
    "members pr",
    'groups.value ne "0"',
    "é eq 1",
    'userName\teq\n"a"',
)

PATHS: tuple[str, ...] = (
    "name",
    "name.givenName.x",
    "emails",
    'emails[type eq "work"]',
    'emails[type eq "work"].value.x',
    "emails[0]",
    "members",
    'members[value eq "' + "9" * 400 + '"]',
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
    "id",
    "meta.version",
    "schemas",
    "password",
    "groups",
    "$ref",
    "__class__",
    ".",
    "..",
    "[",
)

SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    -(2**63) - 1,
    Raw("1e400"),
    Raw("-0"),
    Raw("NaN"),
    Raw("-Infinity"),
    Raw("9" * 5_000),
    Raw("0." + "9" * 5_000),
    Raw('"\\ud800"'),
    Raw('"\\u0000"'),
    Raw('"\\udc00\\ud800"'),
    Raw("[" * DEEP + "]" * DEEP),
    Raw('{"a":' * DEEP + "1" + "}" * DEEP),
    Raw("[" * DEEP),
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"value": {"value": {"value": 1}}},
    {"$ref": "x", "value": None},
    Pairs([("value", "a"), ("value", "b")]),
    Pairs([("Value", "a"), ("value", 2)]),
    {"primary": "yes", "type": 1, "value": []},
    [{"value": "1", "primary": True}, {"value": "2", "primary": True}],
    list(range(300)),
    {str(number): number for number in range(300)},
)

KEYS: tuple[str, ...] = ("", "\x00", "id", "schemas", "meta", "__proto__", "$ref", "a.b", "x" * 3_000, "pk", "é", "a:b")


def text(random: Random) -> str:
    return random.choice((TEXTS, TEXTS, FILTERS, PATHS)[random.randrange(4)])


def value(random: Random) -> Any:
    return random.choice(SCALARS) if random.random() < 0.6 else text(random)


def mutated(random: Random, document: Any) -> Any:
    """The document with one place of it made wrong."""
    where = _places(document)
    if not where:
        return value(random)
    return _changed(document, random.choice(where), random)


def _places(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = document.items() if type(document) is dict else enumerate(document) if type(document) is list else ()
    found = [] if not here else [here]
    for key, child in inside:
        found += _places(child, (*here, key))
    return found


def _changed(document: Any, place: tuple[Any, ...], random: Random) -> Any:
    key, *rest = place
    copy = document.copy()
    if rest:
        copy[key] = _changed(document[key], tuple(rest), random)
        return copy
    match random.randrange(8):
        case 0:
            del copy[key]
        case 1 if isinstance(copy, dict):
            copy[random.choice(KEYS)] = copy.pop(key)
        case 2 if isinstance(copy, dict):
            return Pairs([*copy.items(), (key.swapcase() if random.random() < 0.5 else key, value(random))])
        case 3:
            copy[key] = [copy[key]]
        case 4:
            copy[key] = {"value": copy[key]}
        case 5 if isinstance(copy, list):
            copy[:] = copy * 50
        case _:
            copy[key] = value(random)
    return copy


def dumped(document: Any) -> bytes:
    """JSON, however wrong; what is no Unicode goes as it is."""
    return _written(document).encode("utf-8", "surrogatepass")


def _written(document: Any) -> str:
    match document:
        case Raw():
            return document
        case Pairs():
            return "{" + ",".join(f"{_written(key)}:{_written(child)}" for key, child in document) + "}"
        case dict():
            return _written(Pairs(document.items()))
        case list():
            return "[" + ",".join(map(_written, document)) + "]"
        case str():
            return json.dumps(document, ensure_ascii=len(document) % 2 == 0)
        case _:
            return json.dumps(document)


@cache
def _bomb(pack: Callable[[bytes], bytes]) -> bytes:
    return pack(b'{"userName":"' + b"x" * 20_000_000 + b'"}')


def body(random: Random, whole: bytes) -> tuple[bytes, dict[str, str]]:
    """These bytes, or what became of them on the way; headers that belong to it."""
    match random.randrange(24):
        case 0:
            return whole[: random.randrange(len(whole) + 1)], {}
        case 1:
            at = random.randrange(len(whole) + 1)
            return whole[:at] + random.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00")) + whole[at:], {}
        case 2:
            return whole.decode("utf-8", "replace").encode("utf-16"), {}
        case 3:
            return b"\xef\xbb\xbf" + whole, {}
        case 4:
            return whole + whole, {}
        case 5:
            return gzip.compress(whole), {"Content-Encoding": "gzip"}
        case 6:
            return _bomb(gzip.compress), {"Content-Encoding": "gzip"}
        case 7:
            return _bomb(zlib.compress), {"Content-Encoding": random.choice(("deflate", "br", "gzip, gzip", "x"))}
        case 8:
            return b"", {}
        case _:
            return whole, {}
