"""RFC 7644 sections 3.1 to 3.4.1 and 3.6: single resources."""

from __future__ import annotations

from tests.conformance.requirements import Registry
from tests.conformance.service import CORE_USER, SCIM, Service, need, path_of

rfc = Registry(7644)


@rfc.must("3.1", "Bodies of application/scim+json are read, and answers are application/scim+json.")
def media_type(service: Service) -> None:
    answer = service.post("/Users", {"schemas": [CORE_USER], "userName": service.name()}).having(201)
    need(service.read(answer.json()), "nothing was created")
    need(answer.headers.get("content-type", "").startswith(SCIM), "the answer is of another type")


@rfc.should("3.1", "Bodies of application/json are read as well.")
def plain_json(service: Service) -> None:
    body = {"schemas": [CORE_USER], "userName": service.name()}
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    made = service.request("POST", "/Users", body, headers).having(201).json()
    need(made["userName"] == body["userName"], "something else was created")


@rfc.must("3.3", "A create answers 201 with the resource, and its address in Location.")
def create(service: Service) -> None:
    answer = service.post("/Users", {"schemas": [CORE_USER], "userName": service.name()}).having(201)
    need(answer.headers["location"] == answer.json()["meta"]["location"], "Location is not meta.location")
    need(service.read(answer.json()) == answer.json(), "the answer is not what is read afterwards")


@rfc.must("3.3", "Attributes of a create that are read-only are ignored.")
def create_ignores_read_only(service: Service) -> None:
    user = service.new_user(groups=[{"value": "x"}], id="x", meta={"version": "x"})
    need("groups" not in user and user["id"] != "x", "a read-only attribute was taken")


@rfc.must("3.3", "A create that conflicts with another resource answers 409 uniqueness.")
def create_conflict(service: Service) -> None:
    user = service.new_user()
    body = {"schemas": [CORE_USER], "userName": user["userName"]}
    service.post("/Users", body).refusing(409, "uniqueness")
    need(service.read(user) == user, "the first user was touched")


@rfc.must("3.3.1", "The service provider sets meta.resourceType by the endpoint.")
def resource_type_by_endpoint(service: Service) -> None:
    need(service.new_user(meta={"resourceType": "Group"})["meta"]["resourceType"] == "User", "the client's was taken")


@rfc.must("3.4.1", "A known resource is answered 200 with its representation.")
def read_one(service: Service) -> None:
    user = service.new_user(displayName="Ada")
    need(service.get(path_of(user)).having(200).json()["displayName"] == "Ada", "the resource is incomplete")


@rfc.must("3.4.1", "An unknown resource is answered 404.")
def read_unknown(service: Service) -> None:
    for path in ("/Users/00000000-0000-4000-8000-000000000000", "/Users/nobody", "/Groups/nobody", "/Nothing"):
        service.get(path).refusing(404)


@rfc.must("3.6", "A delete answers 204.")
def delete(service: Service) -> None:
    answer = service.delete(path_of(service.new_user())).having(204)
    need(not answer.content, "204 came with a body")


@rfc.must("3.6", "After a delete, every operation on the resource answers 404.")
def deleted_is_gone(service: Service) -> None:
    user = service.new_user()
    path = path_of(user)
    service.delete(path).having(204)
    service.get(path).refusing(404)
    service.delete(path).refusing(404)
    service.put(path, {"schemas": [CORE_USER], "userName": user["userName"]}).refusing(404)
    service.patch(path, {"op": "add", "path": "title", "value": "x"}).refusing(404)


@rfc.must("3.6", "A deleted resource is in no result of a query.")
def deleted_is_not_found(service: Service) -> None:
    user = service.new_user()
    expression = f'userName eq "{user["userName"]}"'
    need(service.found(expression) == [user["id"]], "the user is not found before the delete")
    service.delete(path_of(user)).having(204)
    need(not service.found(expression), "a deleted user is found")


@rfc.must("3.6", "A deleted resource is no conflict: its name can be created again.")
def deleted_is_no_conflict(service: Service) -> None:
    user, group = service.new_user(), service.new_group()
    service.delete(path_of(user)).having(204)
    service.delete(path_of(group)).having(204)
    service.post("/Users", {"schemas": [CORE_USER], "userName": user["userName"]}).having(201)
    service.post("/Groups", {"schemas": group["schemas"][:1], "displayName": group["displayName"]}).having(201)


@rfc.should("3.6", "A deleted user is no longer a member of groups.")
def deleted_is_no_member(service: Service) -> None:
    user, other = service.new_user(), service.new_user()
    group = service.new_group(user, other)
    service.delete(path_of(user)).having(204)
    need([one["value"] for one in service.read(group)["members"]] == [other["id"]], "a deleted user is still a member")
