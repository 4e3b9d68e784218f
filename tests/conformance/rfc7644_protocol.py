"""RFC 7644 sections 2, 3.2, 3.7, 3.8, 3.11 to 3.14, 4, 5 and 7: the protocol around the resources."""

from __future__ import annotations

from typing import Any

from tests.conformance.requirements import Registry
from tests.conformance.service import (
    BULK,
    BULK_RESPONSE,
    CORE_USER,
    ENTERPRISE,
    ERROR,
    PATCH_OP,
    SEARCH,
    Answer,
    Document,
    NotApplicable,
    Service,
    need,
    path_of,
)

rfc = Registry(7644)


@rfc.must("2", "A request without valid credentials is refused with 401.")
def credentials_are_needed(service: Service) -> None:
    service.get("/Users").having(200)
    for token in (None, "wrong"):
        service.request("GET", "/Users", token=token).refusing(401)
        service.request("POST", "/Users", {"schemas": [CORE_USER], "userName": "x"}, token=token).refusing(401)


@rfc.must("2", "A 401 names the ways to authenticate in WWW-Authenticate.")
def challenge(service: Service) -> None:
    headers = service.request("GET", "/Users", token=None).having(401).headers
    need(headers.get("www-authenticate", "").lower().startswith("bearer"), "WWW-Authenticate is missing")


@rfc.should("3.2", "A method that an endpoint does not have is refused with 405 and Allow.")
def wrong_method(service: Service) -> None:
    answer = service.delete("/Users").having(405)
    need("POST" in answer.headers.get("allow", ""), "Allow is missing")
    service.put("/Users", {}).refusing(405)


def _bulk(service: Service, *operations: Document, **more: Any) -> Answer:
    return service.post("/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})


def _post(bulk_id: str, path: str = "/Users", **data: Any) -> Document:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


def _user(service: Service, **more: Any) -> Document:
    return {"schemas": [CORE_USER], "userName": service.name(), **more}


@rfc.must("3.7", "A bulk request answers 200 with a BulkResponse: each operation with status and location.")
def bulk(service: Service) -> None:
    user = service.new_user()
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    change = {"method": "PATCH", "path": path_of(user), "data": patch}
    body = _bulk(service, _post("a", **_user(service)), change, {"method": "DELETE", "path": path_of(user)}).having(200)
    need(body.json()["schemas"] == [BULK_RESPONSE], "schemas does not say BulkResponse")
    created, changed, deleted = body.json()["Operations"]
    need(
        (created["status"], created["bulkId"]) == ("201", "a") and created["location"], "the create is answered wrongly"
    )
    need(changed["status"] in {"200", "204"} and deleted["status"] == "204", "a change or delete is answered wrongly")


@rfc.must("3.7", "An operation of a bulk request that fails says why, and others are carried out.")
def bulk_errors(service: Service) -> None:
    name = service.name()
    twice = [_post(one, schemas=[CORE_USER], userName=name) for one in ("a", "b")]
    done = _bulk(service, *twice, _post("c", **_user(service))).having(200).json()["Operations"]
    need([one["status"] for one in done] == ["201", "409", "201"], "the statuses are others")
    need(done[1]["response"]["scimType"] == "uniqueness", "the failure has no Error")


@rfc.must("3.7", "An operation that fails says on which resource, unless it was to create one.")
def bulk_error_location(service: Service) -> None:
    user = service.new_user()
    bad = {"method": "PUT", "path": path_of(user), "data": {"schemas": [CORE_USER]}}
    put, post = _bulk(service, bad, _post("a", schemas=[CORE_USER])).having(200).json()["Operations"]
    need((put["status"], post["status"]) == ("400", "400"), "the statuses are others")
    need(put.get("location") == user["meta"]["location"] and "location" not in post, "the location is missing or wrong")


@rfc.must("3.7", "failOnErrors ends a bulk request after as many errors.")
def bulk_fail_on_errors(service: Service) -> None:
    bad = [_post(one, schemas=[CORE_USER]) for one in ("a", "b")]
    done = _bulk(service, *bad, _post("c", **_user(service)), failOnErrors=1).having(200).json()["Operations"]
    need(len(done) == 1 and done[0]["status"] == "400", "it went on after the error")


@rfc.must("3.7.2", "bulkId refers to a resource that another operation creates.")
def bulk_references(service: Service) -> None:
    group = _post("g", "/Groups", displayName=service.name("group"), members=[{"value": "bulkId:u"}])
    done = _bulk(service, group, _post("u", **_user(service))).having(200).json()["Operations"]
    by_id = {one["bulkId"]: one for one in done}
    read = service.get("/Groups/" + by_id["g"]["location"].rpartition("/")[2]).having(200).json()
    need(by_id["u"]["location"].endswith(read["members"][0]["value"]), "the reference was not resolved")


@rfc.must("3.7.1", "References in a circle don't hang: they are resolved, or answered 409.")
def bulk_circle(service: Service) -> None:
    first = _post("a", **_user(service, **{ENTERPRISE: {"manager": {"value": "bulkId:b"}}}))
    second = _post("b", **_user(service, **{ENTERPRISE: {"manager": {"value": "bulkId:a"}}}))
    done = _bulk(service, first, second).having(200).json()["Operations"]
    need({one["status"] for one in done} in ({"201"}, {"409"}), "neither resolved nor refused")


@rfc.must("3.7.4", "A bulk request above the published number of operations is refused with 413.")
def bulk_operations_limit(service: Service) -> None:
    most = service.features()["bulk"]["maxOperations"]
    _bulk(service, *[{"method": "DELETE", "path": "/Users/x"}] * (most + 1)).refusing(413)


@rfc.must("3.7.4", "A bulk request above the published size is refused with 413.")
def bulk_size_limit(service: Service) -> None:
    most = service.features()["bulk"]["maxPayloadSize"]
    service.request("POST", "/Bulk", b"[" + b" " * most + b"]").refusing(413)


@rfc.must("3.8", "Bodies are UTF-8.")
def utf8(service: Service) -> None:
    user = service.new_user(displayName="Ada Łovelace 💡")
    need(service.read(user)["displayName"] == "Ada Łovelace 💡", "the text changed")
    service.request("POST", "/Users", b'{"userName": "\xff\xfe"}').refusing(400, "invalidSyntax")


@rfc.should("3.11", "/Me is answered 501 when it is not offered.")
def me(service: Service) -> None:
    service.get("/Me").refusing(501)


@rfc.must("3.12", "Errors have a JSON body: schemas, status as a string, a detail for people.")
def errors(service: Service) -> None:
    for answer in (service.get("/Users/nobody"), service.post("/Users", {}), service.get("/Users", filter="x")):
        body = answer.refusing(answer.status)
        need(400 <= answer.status < 500, "a wrong request succeeds, or is the server's error")
        need(body["schemas"] == [ERROR] and body["status"] == str(answer.status), "schemas or status is wrong")
        need(body.get("detail"), "the detail is missing")


@rfc.must("3.12", "A body that is no JSON is refused with 400 invalidSyntax.")
def broken_json(service: Service) -> None:
    for body in (b"{", b"[]", b"", b'"x"'):
        service.request("POST", "/Users", body).refusing(400, "invalidSyntax")


@rfc.must("3.12", "A value of the wrong type is refused with 400 invalidValue.")
def wrong_type(service: Service) -> None:
    for value in ({"active": "maybe"}, {"name": "x"}, {"emails": [5]}, {"displayName": {"a": 1}}):
        service.post("/Users", _user(service, **value)).refusing(400, "invalidValue")


@rfc.should("3.13", "The version of the protocol is in the address.")
def version_in_address(service: Service) -> None:
    need("/v2/" in service.new_user()["meta"]["location"], "the address does not say v2")


@rfc.must("3.14", "The ETag header is the resource's meta.version.")
def etags(service: Service) -> None:
    answer = service.get(path_of(service.new_user())).having(200)
    need(answer.headers["etag"] == answer.json()["meta"]["version"], "ETag and meta.version differ")


@rfc.must("3.14", "A version changes when the resource does, and only then.")
def versions_change(service: Service) -> None:
    user = service.new_user()
    need(service.read(user)["meta"]["version"] == user["meta"]["version"], "the version changed by itself")
    service.patch(path_of(user), {"op": "add", "path": "title", "value": "x"}).having(200, 204)
    need(service.read(user)["meta"]["version"] != user["meta"]["version"], "the version stayed")


@rfc.may("3.14", "If-None-Match of the present version is answered 304 without a body.")
def not_modified(service: Service) -> None:
    user = service.new_user()
    answer = service.get(path_of(user), {"If-None-Match": user["meta"]["version"]}).having(304)
    need(not answer.content, "304 came with a body")
    service.get(path_of(user), {"If-None-Match": 'W/"other"'}).having(200)


@rfc.must("3.14", "If-Match of another version refuses the change with 412.")
def precondition(service: Service) -> None:
    user = service.new_user()
    stale = {"If-Match": 'W/"other"'}
    change = {"op": "add", "path": "title", "value": "x"}
    service.patch(path_of(user), change, headers=stale).refusing(412)
    service.put(path_of(user), {"schemas": [CORE_USER], "userName": user["userName"]}, stale).refusing(412)
    service.delete(path_of(user), stale).refusing(412)
    need(service.read(user) == user, "a refused change was made")
    service.patch(path_of(user), change, headers={"If-Match": user["meta"]["version"]}).having(200, 204)


@rfc.should("3.14", "If-None-Match of the present version, or of any, refuses a change with 412.")
def if_none_match_on_a_change(service: Service) -> None:
    user = service.new_user()
    change = {"op": "replace", "path": "title", "value": "x"}
    for tag in ("*", user["meta"]["version"]):
        service.patch(path_of(user), change, headers={"If-None-Match": tag}).refusing(412)
    need(service.read(user) == user, "the refused change was made")


@rfc.must("4", "The configuration, the resource types and the schemas can be read.")
def discovery(service: Service) -> None:
    service.features()
    for path, wanted in (("/ResourceTypes", {"User", "Group"}), ("/Schemas", {CORE_USER, ENTERPRISE})):
        found = {one["id"] for one in service.get(path).having(200).json()["Resources"]}
        need(wanted <= found, f"{path} lacks {', '.join(wanted - found)}")
        for name in found:
            need(service.get(f"{path}/{name}").having(200).json()["id"] == name, f"{path}/{name} is another document")
    service.get("/Schemas/urn:nothing").refusing(404)


@rfc.should("4", "A filter on these endpoints is refused with 403.")
def discovery_filter(service: Service) -> None:
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
        service.get(path, filter='id eq "x"').refusing(403)


@rfc.must("5", "userNames are compared as people read them: case and composed characters make no difference.")
def internationalized_names(service: Service) -> None:
    name = service.name()
    user = service.new_user(userName=f"J\u00fcrgen-{name}")
    need(service.found(f'userName eq "ju\u0308rgen-{name}"') == [user["id"]], "a decomposed spelling is not found")
    body = {"schemas": [CORE_USER], "userName": f"JU\u0308RGEN-{name}"}
    service.post("/Users", body).refusing(409, "uniqueness")


@rfc.must("7.2", "Transport is protected by TLS.")
def tls(service: Service) -> None:
    raise NotApplicable("these checks run on loopback; a deployment's TLS ends at its proxy (README, Configuration)")


@rfc.must("7.5.2", "Nothing sensitive needs to be in an address: a filter can be sent in a body.")
def filter_in_body(service: Service) -> None:
    user = service.new_user(emails=[{"value": f"{service.name()}@example.test"}])
    body = {"schemas": [SEARCH], "filter": f'emails.value eq "{user["emails"][0]["value"]}"'}
    found = service.post("/Users/.search", body).having(200).json()["Resources"]
    need([one["id"] for one in found] == [user["id"]], "the user is not found")


@rfc.may("3.5.2", "A password can be changed by a client.")
def password_change(service: Service) -> None:
    need(service.features()["changePassword"]["supported"] is False, "changePassword is announced")
    raise NotApplicable("changePassword is not supported: provisioned people sign in at their identity provider")
