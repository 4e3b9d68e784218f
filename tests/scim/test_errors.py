"""What a refused request reads: always SCIM, precise, one sentence, and nothing of the inside (RFC 7644 3.12)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, OperationalError
from django.http import HttpResponse
from django.test import Client

from identity.models import AccessSettings, AuditEvent, ProvisioningLog
from tests.clients import IdP, problem
from tests.interruptions import beaten
from tests.scim.helpers import ROOT, SCIM, SEARCH, Document, group_body, snapshot, unchanged_database, user_body

TITLE: Document = {"op": "replace", "path": "title", "value": "x"}
NOBODYS = "5d0ad8c6-4a3f-4b0e-9c3e-2f1c8a7b6d59"


def test_a_refusal_is_answered_whole(idp: IdP) -> None:
    answer = idp.post("/Users", user_body("ann", title=5))
    assert json.loads(answer.content) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "scimType": "invalidValue",
        "detail": "title: Input should be a valid string.",
    }
    assert answer["Content-Type"] == SCIM


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"title": 5}, "title"),
        ({"name": {"givenName": 5}}, "name.givenName"),
        ({"emails": [{"value": "a@b.c"}, {"value": 5}]}, "emails[1].value"),
        ({"phoneNumbers": [{"value": []}]}, "phoneNumbers[0].value"),
        ({"x509Certificates": [{"value": 5}]}, "x509Certificates[0].value"),
        ({"externalId": "x" * 256}, "externalId"),
        ({"userName": None}, "userName"),
        ({"active": "maybe"}, "active"),
        (
            {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"costCenter": 5}},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
        ),
    ],
    ids=str,
)
def test_a_refusal_names_the_attribute(idp: IdP, body: Document, named: str) -> None:
    user = idp.user("ann")
    for answer in (
        idp.post("/Users", {**user_body("new"), **body}),
        idp.put(f"/Users/{user['id']}", {**user_body("ann"), **body}),
    ):
        assert problem(answer) == (400, "invalidValue")
        assert named in answer.json()["detail"]


@pytest.mark.parametrize("path", ["userName", "nickName", "emails", "id", "externalId", "active", "photos"])
def test_a_refused_operation_names_its_path(idp: IdP, path: str) -> None:
    user = idp.user()
    answer = idp.patch(f"/Users/{user['id']}", TITLE, {"op": "replace", "path": path, "value": [5]})
    assert problem(answer)[0] == 400
    assert path in answer.json()["detail"]


# --- each status ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {secret}",
        "{secret}",
        "Bearer {secret}x",
        "Bearer {secret} x",
        "Token {secret}",
    ],
)
def test_401_without_a_token(idp: IdP, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.format(secret=idp.secret)}
    before, events = _without_the_trail(snapshot()), set(AuditEvent.objects.values_list("action", flat=True))
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for path in ("/Users", "/Nope", "/Schemas"):
            answer = Client().generic(method, f"{ROOT}{path}", b"{", content_type=SCIM, headers=headers)
            assert problem(answer) == (401, None)
            assert answer["WWW-Authenticate"].startswith('Bearer realm="Gatehouse SCIM"')
    assert (_without_the_trail(snapshot()), ProvisioningLog.objects.count()) == (before, 0)
    assert set(AuditEvent.objects.values_list("action", flat=True)) - events <= {"scim_token.unknown"}


def _without_the_trail(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Unknown tokens are counted there, some in one row: tests/portal/test_traces.py."""
    return {name: found for name, found in rows.items() if not name.startswith("identity.Audit")}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_403_while_scim_is_off(idp: IdP, method: str) -> None:
    """R21: nothing is lost, nothing is changed, and the reason is told."""
    user = idp.user("ann")
    AccessSettings.objects.update(scim_enabled=False)
    with unchanged_database():
        for path in ("/Users", f"/Users/{user['id']}", "/Groups", "/Schemas", "/Bulk", "/"):
            answer = idp.send(method, path, user_body("new"))
            assert problem(answer) == (403, None)
            assert "switched off" in answer.json()["detail"]
    AccessSettings.objects.update(scim_enabled=True)
    assert idp.get(f"/Users/{user['id']}").json() == user


NOBODYS = "5d0ad8c6-4a3f-4b0e-9c3e-2f1c8a7b6d59"


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
@pytest.mark.parametrize("name", [NOBODYS, "1", "me", "x" * 500, "0" * 32, "%00", "a%2Fb", "%F0%9F%8E%89"])
def test_404_for_an_id_that_nobody_has(idp: IdP, endpoint: str, name: str) -> None:
    put = user_body() if endpoint == "/Users" else group_body()
    patch = {"Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}
    with unchanged_database():
        for method, body in (("GET", None), ("PUT", put), ("PATCH", patch), ("DELETE", None)):
            assert problem(idp.send(method, f"{endpoint}/{name}", body)) == (404, None)


@pytest.mark.parametrize("spelling", ["{hex}", "{{{id}}}", "urn:uuid:{id}"])
def test_404_for_an_id_that_is_spelled_otherwise_than_it_was_given(idp: IdP, spelling: str) -> None:
    known = UUID(idp.post("/Users", user_body()).json()["id"])
    assert idp.get(f"/Users/{str(known).upper()}").status_code == 200
    assert problem(idp.get("/Users/" + spelling.format(id=known, hex=known.hex))) == (404, None)


@pytest.mark.parametrize("path", ["/Nope", "/users", "/Users/a/b", "/ResourceTypes/Nope", "/Schemas/urn:x", "/Users/x"])
def test_404_for_an_address_that_does_not_exist(idp: IdP, path: str) -> None:
    assert problem(idp.get(path)) == (404, None)


@pytest.mark.parametrize("path", ["/scim/", "/scim/v1/Users", "/scim/v2", "/scim/v2/Users%0A%0A"])
def test_404_in_scim_also_where_no_url_matches(idp: IdP, path: str) -> None:
    answer = idp.client.get(path, headers={"Authorization": f"Bearer {idp.secret}"})
    assert problem(answer) == (404, None)
    assert answer["X-Content-Type-Options"] == "nosniff"


METHODS: dict[str, set[str]] = {
    "/Users": {"GET", "HEAD", "POST"},
    "/Users/{id}": {"GET", "HEAD", "PUT", "PATCH", "DELETE"},
    "/Groups": {"GET", "HEAD", "POST"},
    "/Groups/{id}": {"GET", "HEAD", "PUT", "PATCH", "DELETE"},
    "/Users/.search": {"POST"},
    "/Groups/.search": {"POST"},
    "/.search": {"POST"},
    "/": {"GET", "HEAD"},
    "/Bulk": {"POST"},
    "/ServiceProviderConfig": {"GET", "HEAD"},
    "/ResourceTypes": {"GET", "HEAD"},
    "/ResourceTypes/User": {"GET", "HEAD"},
    "/Schemas": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path", METHODS)
def test_405_says_what_is_allowed(idp: IdP, path: str) -> None:
    path_of = path.replace("{id}", str(uuid4()))
    every = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
    for method in every - METHODS[path] - {"HEAD"}:
        answer = idp.send(method, path_of, {})
        assert problem(answer) == (405, None)
        assert set(answer["Allow"].split(", ")) == METHODS[path]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_501_for_me(idp: IdP, caplog: pytest.LogCaptureFixture, method: str) -> None:
    """RFC 7644 section 3.11."""
    assert problem(idp.send(method, "/Me", {})) == (501, None)
    assert not caplog.records, "an everyday answer is no fault to log"


def test_409_names_what_is_taken(idp: IdP) -> None:
    idp.user("ann")
    idp.group("Staff")
    for answer, attribute in (
        (idp.post("/Users", user_body("ANN")), "userName"),
        (idp.post("/Groups", group_body("STAFF")), "displayName"),
    ):
        assert problem(answer) == (409, "uniqueness")
        assert attribute in answer.json()["detail"]


@pytest.mark.parametrize(("resource", "table"), [("Users", "identity_user"), ("Groups", "identity_ssogroup")])
def test_409_without_the_text_of_the_database_where_a_constraint_is_met_last(
    idp: IdP, resource: str, table: str
) -> None:
    """SR-6: whichever row it was that another request made first."""
    body = user_body("ann") if resource == "Users" else group_body("Staff")
    with unchanged_database(), beaten(f'INSERT INTO "{table}"') as failed:
        answer = idp.post(f"/{resource}", body)
    assert problem(answer) == (409, "uniqueness")
    assert len(failed) == 4
    assert [word for word in ("UNIQUE", "identity_", "constraint") if word in answer.content.decode()] == []


# --- versions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["user", "group"])
def test_412_when_the_version_is_another(idp: IdP, kind: str) -> None:
    made = idp.user("ann") if kind == "user" else idp.group("ann")
    path = f"/{kind.title()}s/{made['id']}"
    external = {"op": "replace", "path": "externalId", "value": "x"}
    body = user_body("ann", title="x") if kind == "user" else group_body("ann", externalId="y")
    with unchanged_database():
        for stale in ('W/"9"', '"9"', "9", '""', "nonsense", 'W/"11"'):
            for answer in (
                idp.patch(path, external, If_Match=stale),
                idp.put(path, body, If_Match=stale),
                idp.delete(path, If_Match=stale),
            ):
                assert problem(answer) == (412, None)
    assert idp.patch(path, external, If_Match='W/"1"').status_code in {200, 204}
    assert idp.put(path, body, If_Match='W/"7", W/"2"').status_code == 200
    assert idp.delete(path, If_Match="*").status_code == 204


@pytest.mark.parametrize("kind", ["user", "group"])
def test_412_when_the_version_is_the_one_that_it_must_not_be(idp: IdP, kind: str) -> None:
    """RFC 9110 section 13.1.2; 304 is for reading only."""
    made = idp.user("ann") if kind == "user" else idp.group("ann")
    path = f"/{kind.title()}s/{made['id']}"
    external = {"op": "replace", "path": "externalId", "value": "x"}
    with unchanged_database():
        for known in ("*", 'W/"1"', 'W/"7", W/"1"'):
            assert problem(idp.patch(path, external, If_None_Match=known)) == (412, None)
            assert problem(idp.delete(path, If_None_Match=known, If_Match='W/"1"')) == (412, None)
    assert idp.patch(path, external, If_None_Match='W/"9"', If_Match='W/"1"').status_code in {200, 204}


@pytest.mark.parametrize("kind", ["user", "group"])
def test_304_when_the_version_is_known(idp: IdP, kind: str) -> None:
    made = idp.user("ann") if kind == "user" else idp.group("ann")
    path = f"/{kind.title()}s/{made['id']}"
    answer = idp.get(path, {"If_None_Match": made["meta"]["version"]})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", 'W/"1"')
    assert idp.get(path, {"If_None_Match": 'W/"9"'}).json() == made
    idp.patch(path, {"op": "replace", "path": "externalId", "value": "x"})
    assert idp.get(path, {"If_None_Match": made["meta"]["version"]}).status_code == 200


# --- bodies -----------------------------------------------------------------------------------------------


def test_413_for_a_body_above_the_limit(idp: IdP) -> None:
    body = b'{"userName":"ann","title":"' + b"x" * (8 * 1024 * 1024) + b'"}'
    with unchanged_database():
        assert problem(idp.post("/Users", body)) == (413, None)


def test_a_body_just_below_the_limit_is_read(idp: IdP) -> None:
    body = b'{"userName":"ann","unknown":"' + b"x" * (8 * 1024 * 1024 - 100) + b'"}'
    assert idp.post("/Users", body).status_code == 201


@pytest.mark.parametrize(("depth", "status"), [(32, 201), (33, 400)])
def test_json_is_nested_to_a_depth_and_no_deeper(idp: IdP, depth: int, status: int) -> None:
    """SR-32. The body is the first of them."""
    answer = idp.post("/Users", user_body("ann", unknown=json.loads("[" * (depth - 1) + "]" * (depth - 1))))
    assert answer.status_code == status
    assert status == 201 or problem(answer) == (400, "invalidSyntax")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json"])
def test_415_for_what_is_not_json(idp: IdP, kind: str) -> None:
    with unchanged_database():
        assert problem(idp.post("/Users", user_body(), Content_Type=kind)) == (415, None)


@pytest.mark.parametrize("kind", [SCIM, "application/json", f"{SCIM}; charset=utf-8", "Application/SCIM+JSON"])
def test_both_json_types_are_read(idp: IdP, kind: str) -> None:
    assert idp.post("/Users", user_body(), Content_Type=kind).status_code == 201


def test_415_for_a_packed_body(idp: IdP) -> None:
    assert problem(idp.post("/Users", user_body(), Content_Encoding="gzip")) == (415, None)


# --- everywhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig"])
def test_addresses_go_with_and_without_a_trailing_slash(idp: IdP, path: str) -> None:
    assert idp.get(path).json() == idp.get(f"{path}/").json()


def test_writes_go_with_a_trailing_slash_too(idp: IdP) -> None:
    created = idp.post("/Users/", user_body())
    assert created.status_code == 201
    path = f"/Users/{created.json()['id']}/"
    assert idp.get(path).json() == created.json()
    assert idp.patch(path, TITLE).status_code == 200
    assert idp.post("/Users/.search/", {"schemas": [SEARCH]}).status_code == 200
    assert idp.delete(path).status_code == 204


@pytest.mark.parametrize("path", ["/Users", "/Users/{id}", "/Schemas", "/Nope"])
def test_head_is_get_without_a_body(idp: IdP, path: str) -> None:
    path = path.format(id=idp.user()["id"])
    get, head = idp.get(path), idp.send("HEAD", path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert unlike(head) == unlike(get)


def test_a_host_that_is_not_ours_reads_a_scim_error(idp: IdP) -> None:
    answer = idp.get("/Users", {"Host": "evil.example"})
    assert problem(answer) == (400, None)
    assert b"evil" not in answer.content


def unlike(answer: HttpResponse) -> dict[str, str]:
    """Its headers, but for the one that no two answers share."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}


@pytest.mark.parametrize("hostile", ["a\r\nSet-Cookie: x=1", "\r\n\r\n<html>", "\u2028x"])
def test_no_client_text_reaches_a_header(idp: IdP, hostile: str) -> None:
    """SR-30."""
    answers = [
        idp.post("/Users", user_body(hostile)),
        idp.post("/Users", user_body(externalId=hostile, title=hostile)),
        idp.post("/Groups", group_body(hostile)),
        idp.get("/Users", filter=f'userName eq "{hostile}"'),
        idp.get("/Users", cursor=hostile),
        idp.get("/Users", sortBy=hostile),
        idp.get("/Users", attributes=hostile),
        idp.get(f"/Users/{'%0d%0aX-Evil:%201'}"),
    ]
    allowed = {
        *("Content-Type", "Content-Length", "Cache-Control", "Vary", "X-Content-Type-Options", "X-Frame-Options"),
        *("Referrer-Policy", "Cross-Origin-Opener-Policy", "Location", "ETag", "X-Request-Id"),
    }
    for answer in answers:
        assert answer.status_code < 500
        assert set(answer.headers) <= allowed
        assert not any("Evil" in value or "\n" in value for value in answer.headers.values())


def test_a_refused_write_leaves_a_row_in_the_log_and_nothing_else(idp: IdP) -> None:
    user = idp.user()
    ProvisioningLog.objects.all().delete()
    with unchanged_database():
        answer = idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": 5})
    row = ProvisioningLog.objects.get()
    assert (row.outcome, row.status, row.code, row.method) == ("refused", 400, "invalidValue", "PATCH")
    assert (row.resource_type, row.resource_id, row.summary) == ("User", user["id"], answer.json()["detail"])


def test_reads_leave_no_row_in_the_log(idp: IdP) -> None:
    idp.get("/Users")
    idp.get("/Users", filter="nonsense")
    idp.get(f"/Users/{uuid4()}")
    assert ProvisioningLog.objects.count() == 0


# --- when the database fails (SR-40) ----------------------------------------------------------------------


@pytest.mark.parametrize("error", [OperationalError, DatabaseError])
@pytest.mark.parametrize(
    "place", ["identity.services.provisioning.people.match", "identity.services.provisioning.people.log_write"]
)
def test_503_when_the_database_does_not_answer(
    idp: IdP, monkeypatch: pytest.MonkeyPatch, error: type[Exception], place: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error("server closed the connection: SELECT secret FROM identity_user")

    with monkeypatch.context() as patch, unchanged_database():
        patch.setattr(place, fail)
        answer = idp.post("/Users", user_body("ann"))
        assert problem(answer) == (503, None)
        assert answer["Retry-After"] == "5"
        assert b"SELECT" not in answer.content
    assert idp.user("ann")["userName"] == "ann"


def test_a_crash_is_told_without_its_reason(idp: IdP, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("/srv/portal secret")

    with monkeypatch.context() as patch, unchanged_database():
        patch.setattr("identity.services.provisioning.people.match", crash)
        answer = idp.post("/Users", user_body("ann"))
    assert problem(answer) == (500, None)
    assert b"secret" not in answer.content
