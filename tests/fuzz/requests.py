"""A request that nobody should send, made up from a seed and a number: the same ones give the same request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from tests.fuzz import routes, values
from tests.fuzz.world import World, forms_of, key_for, operations
from tests.scim.helpers import CORE_GROUP, CORE_USER, ENTERPRISE, PATCH_OP, PORTAL_USER, SCIM, SEARCH

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "X" * 300)
FORM = "application/x-www-form-urlencoded"
KINDS = (
    "",
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "application/json; charset=utf-7",
    "x" * 5_000,
    "/",
)
HEADERS = (
    *("Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "If-Match", "If-None-Match"),
    *("If-Modified-Since", "Idempotency-Key", "Origin", "Range", "Referer", "X-Forwarded-For", "X-Forwarded-Proto"),
    *("X-HTTP-Method-Override", "X-Request-Id", "Host", "Content-Type", "Prefer", "Traceparent"),
)
QUERIES_OF_SCIM = (
    *("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"),
    "x",
)
QUERIES_OF_PAGES = ("q", "p", "o", "all", "_changelist_filters", "_popup", "next", "id__exact", "user__x__y__lt", "e")
QUERIES_OF_SIGN_IN = (
    "next",
    "state",
    "code",
    "error",
    "error_description",
    "SAMLRequest",
    "SAMLResponse",
    "RelayState",
)


@dataclass(frozen=True)
class Sent:
    """What is sent, and by whom: a person of the world, a token, or nobody."""

    method: str
    path: str
    body: bytes = b""
    kind: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    who: str = ""

    def __str__(self) -> str:
        return (
            f"{self.method} {self.path[:300]} {self.headers!r:.300} ({self.kind[:60]}) {self.body!r:.600} by {self.who}"
        )


def scim(world: World, random: Random) -> Sent:
    user, group = world.scim_ids
    endpoints: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/Users", _user("zed")),
        ("PUT", f"/Users/{user}", _user("zoe")),
        ("PATCH", f"/Users/{user}", _patch(random)),
        ("POST", "/Groups", {"schemas": [CORE_GROUP], "displayName": "Crew", "members": [{"value": user}]}),
        ("PUT", f"/Groups/{group}", {"schemas": [CORE_GROUP], "displayName": "Crew", "members": [{"value": user}]}),
        ("PATCH", f"/Groups/{group}", _patch(random)),
        ("POST", "/Bulk", _bulk(user)),
        ("POST", "/.search", _search()),
        ("POST", "/Users/.search", _search()),
        ("POST", "/Groups/.search", _search()),
        *(("GET", path, None) for path in ("/Users", "/Groups", "/", f"/Users/{user}", f"/Groups/{group}", "/Me")),
        *(("GET", f"/{name}", None) for name in ("ServiceProviderConfig", "Schemas", "ResourceTypes", "Schemas/x")),
        ("DELETE", f"/Users/{user}", None),
        ("DELETE", f"/Groups/{group}", None),
    )
    method, path, body = random.choice(endpoints)
    headers = {"Authorization": f"Bearer {world.idp.secret}"}
    return _hostile(random, method, "/scim/v2" + path, body, SCIM, headers, QUERIES_OF_SCIM, "an identity provider")


def rest(world: World, random: Random) -> Sent:
    operation = random.choice(operations())
    path = _filled(random, operation.path)
    who = "support" if "/support/" in path else "owner"
    headers = {"Authorization": f"Bearer {world.tokens[who]}"}
    names = (*operation.parameters, "x", "page", "ordering")
    return _hostile(
        random, operation.method, path, operation.body, "application/json", headers, names, f"a script of {who}'s"
    )


def pages(world: World, random: Random) -> Sent:
    """The addresses of the admin UI and of people's own pages, and their forms."""
    who = random.choice(("owner", "owner", "owner", "support", "member", ""))
    if world.forms and random.random() < 0.6:
        path, fields = random.choice(world.forms)
        return _form(random, path, fields, who or "owner")
    path = _filled(random, random.choice((*routes.of("/admin/"), *routes.of("/profile/"))))
    return _hostile(random, random.choice(("GET", "POST")), path, {"x": "y"}, FORM, {}, QUERIES_OF_PAGES, who)


def at_the_door(world: World, random: Random) -> Sent:
    """Signing in, invitations, passwords, and what identity providers send to single sign-on."""
    known = [*routes.of("/sso/"), *(path for path in routes.routes() if not path.startswith(OTHER_DOORS))]
    path = _filled(random, random.choice(known), world.connection)
    fields = {
        "username": "olga",
        "password": "x",
        "code": "123456",
        "next": "/admin/",
        "SAMLResponse": "PHNhbWw+",
        "RelayState": "x",
        "logout_token": "e30.e30.e30",
        "credential": '{"id":"x","rawId":"x","type":"public-key","response":{}}',
    }
    if random.random() < 0.6:
        return _form(random, path, fields, "")
    return _hostile(random, random.choice(("GET", "POST")), path, fields, FORM, {}, QUERIES_OF_SIGN_IN, "")


OTHER_DOORS = ("/admin/", "/api/", "/scim/", "/profile/", "/sso/")
DOORS: dict[str, Callable[[World, Random], Sent]] = {"scim": scim, "rest": rest, "pages": pages, "door": at_the_door}


def learn_pages(world: World, get: Callable[[str], str]) -> None:
    """Look at each page of the owner's for its forms; `get` answers the text of a page, or nothing."""
    known: set[str] = set()
    for route in (*routes.of("/admin/"), *routes.of("/profile/")):
        path = routes.filled(route, dict.fromkeys(("object_id", "pk"), key_for(route)))
        for action, fields in forms_of(get(path)):
            form = action if action.startswith("/") else path, fields
            if form[0] not in known:  # signing out is on every page
                world.forms.append(form)
        known = {form for form, _ in world.forms}


# --- what makes it hostile ---


def _hostile(
    random: Random,
    method: str,
    path: str,
    body: Any,
    kind: str,
    headers: dict[str, str],
    names: tuple[str, ...],
    who: str,
) -> Sent:
    """One to three things about it are wrong: the method, the address, the query, a header, the body."""
    document, data, on_the_way = body, b"", {}
    for _ in range(random.randrange(1, 4)):
        match random.randrange(8):
            case 0:
                method = random.choice(METHODS)
            case 1:
                path = _wrong_path(random, path)
            case 2 | 3:
                path = path.partition("?")[0] + "?" + _query(random, names)
            case 4:
                headers = headers | {random.choice(HEADERS): _latin(values.text(random))}
            case 5:
                kind = random.choice(KINDS)
            case _:
                document = values.mutated(random, document if document is not None else {"a": "b"})
    if document is not None:
        data = urlencode(document, errors="replace").encode() if kind == FORM and isinstance(document, dict) else b""
        data = data or values.dumped(document)
        data, on_the_way = values.body(random, data)
    return Sent(method, path, data, kind, headers | on_the_way, who)


def _form(random: Random, path: str, fields: dict[str, Any], who: str) -> Sent:
    """A form with some of its fields wrong, missing, twice, or not its own."""
    pairs = [(name, value) for name, value in fields.items() if random.random() < 0.95]
    for _ in range(random.randrange(1, 4)):
        name = random.choice([*fields, "x", "_save", "confirm"])
        pairs.append((name, values.text(random)))
        if random.random() < 0.8:
            pairs = [pair for pair in pairs[:-1] if pair[0] != name] + pairs[-1:]
    data = "&".join(f"{quote(name, errors='replace')}={_quoted(value)}" for name, value in pairs).encode()
    data, on_the_way = values.body(random, data) if random.random() < 0.1 else (data, {})
    return Sent("POST", path, data, FORM, on_the_way, who)


def _query(random: Random, names: tuple[str, ...]) -> str:
    several = random.randrange(1, 4)
    return "&".join(f"{quote(random.choice(names))}={_quoted(values.text(random))}" for _ in range(several))


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


def _latin(text: str) -> str:
    """As a header can carry it."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1").replace("\r", "").replace("\n", "")


def _wrong_path(random: Random, path: str) -> str:
    parts = path.partition("?")[0].split("/")
    at = random.randrange(1, len(parts))
    match random.randrange(4):
        case 0:
            parts[at] = _quoted(values.text(random)[:3_000])
        case 1:
            parts.insert(at, "")
        case 2:
            parts[at] = parts[at].swapcase()
        case _:
            parts = parts[: at + 1]
    return "/".join(parts)


def _filled(random: Random, route: str, connection: str = "") -> str:
    key = key_for(route)
    gaps = {name: key if random.random() < 0.8 else _quoted(values.text(random)[:300]) for name in ("object_id", "pk")}
    gaps |= dict.fromkeys(("slug", "provider_id", "organization_slug"), connection) if connection else {}
    return routes.filled(route, gaps).replace("[\\s\\S]*", "x")


# --- what fits SCIM ---


def _user(name: str) -> dict[str, Any]:
    return {
        "schemas": [CORE_USER, ENTERPRISE],
        "userName": name,
        "externalId": f"e-{name}",
        "active": True,
        "displayName": "Zed Zoe",
        "name": {"givenName": "Zed", "familyName": "Zoe", "formatted": "Zed Zoe"},
        "emails": [{"value": f"{name}@example.test", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+1 555 0100", "type": "work"}],
        "addresses": [{"formatted": "1 Way", "country": "NL", "type": "work"}],
        "roles": [{"value": "r1", "primary": True}],
        "x509Certificates": [{"value": "AA=="}],
        "photos": [{"value": "https://example.test/p.png", "type": "photo"}],
        "locale": "en-GB",
        "timezone": "Europe/Amsterdam",
        ENTERPRISE: {"department": "R&D", "manager": {"value": "1"}},
        PORTAL_USER: {},
    }


def _patch(random: Random) -> dict[str, Any]:
    operation = {"op": random.choice(("add", "replace", "remove")), "path": values.text(random), "value": "x"}
    if random.random() < 0.5:
        operation |= {"path": random.choice(values.PATHS), "value": values.value(random)}
    return {"schemas": [PATCH_OP], "Operations": [operation, {"op": "Replace", "value": {"active": "False"}}]}


def _bulk(user: str) -> dict[str, Any]:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": _user("bulky")},
        {"method": "PATCH", "path": f"/Users/{user}", "data": {"Operations": [{"op": "replace", "path": "title"}]}},
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "b",
            "data": {"displayName": "B", "members": [{"value": "bulkId:a"}]},
        },
        {"method": "DELETE", "path": "/Users/1"},
    ]
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": 1,
        "Operations": operations,
    }


def _search() -> dict[str, Any]:
    return {
        "schemas": [SEARCH],
        "filter": 'userName eq "zoe"',
        "attributes": ["userName"],
        "sortBy": "userName",
        "sortOrder": "ascending",
        "startIndex": 1,
        "count": 10,
    }
