"""RFC 7644 sections 3.5.1 and 3.5.2: PUT and PATCH."""

from __future__ import annotations

from typing import Any

from tests.conformance.requirements import Registry
from tests.conformance.service import CORE_USER, ENTERPRISE, Document, Service, need, path_of

rfc = Registry(7644)


def _patched(service: Service, user: Document, *operations: Document) -> Document:
    """The user after a PATCH that must succeed."""
    service.patch(path_of(user), *operations).having(200, 204)
    return service.read(user)


def _op(op: str, path: str | None = None, **more: Any) -> Document:
    return {"op": op, **({"path": path} if path else {}), **more}


@rfc.must("3.5.1", "PUT replaces the resource and answers 200 with it.")
def put_replaces(service: Service) -> None:
    user = service.new_user(title="old")
    answer = service.put(path_of(user), {"schemas": [CORE_USER], "userName": user["userName"], "displayName": "Ada"})
    need(answer.having(200).json()["displayName"] == "Ada", "the answer is not the new state")
    need(service.read(user)["displayName"] == "Ada", "nothing was replaced")


@rfc.may("3.5.1", "What a PUT leaves out is cleared.")
def put_clears(service: Service) -> None:
    user = service.new_user(title="old", emails=[{"value": "a@example.test"}])
    service.put(path_of(user), {"schemas": [CORE_USER], "userName": user["userName"]}).having(200)
    now = service.read(user)
    need("title" not in now and "emails" not in now, "an attribute that was left out is still there")


@rfc.must("3.5.1", "PUT never creates.")
def put_never_creates(service: Service) -> None:
    body = {"schemas": [CORE_USER], "userName": service.name()}
    service.put("/Users/00000000-0000-4000-8000-000000000000", body).refusing(404)
    need(not service.found(f'userName eq "{body["userName"]}"'), "PUT created a user")


@rfc.must("3.5.1", "Read-only values in a PUT are ignored.")
def put_ignores_read_only(service: Service) -> None:
    user = service.new_user()
    service.put(path_of(user), {**user, "id": "x", "meta": {"created": "2001-01-01T00:00:00Z"}}).having(200)
    now = service.read(user)
    need(now["id"] == user["id"] and now["meta"]["created"] == user["meta"]["created"], "a read-only value was taken")


@rfc.must("3.5.1", "A PUT without a required attribute is refused.")
def put_needs_required(service: Service) -> None:
    user = service.new_user()
    service.put(path_of(user), {"schemas": [CORE_USER], "displayName": "x"}).refusing(400)
    need(service.read(user) == user, "the refused PUT changed something")


@rfc.must("3.5.2", "A PATCH answers 200 with the resource, or 204.")
def patch_answers(service: Service) -> None:
    user = service.new_user()
    answer = service.patch(path_of(user), _op("add", "title", value="x")).having(200, 204)
    need(service.read(user)["title"] == "x", "nothing was changed")
    need(answer.status == 204 or answer.json() == service.read(user), "the answer is not the new state")


@rfc.must("3.5.2", "A PATCH answers 200 when attributes are asked for.")
def patch_with_attributes(service: Service) -> None:
    user = service.new_user()
    group = service.new_group(user)
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [_op("remove", "members")]}
    answer = service.request("PATCH", f"{path_of(group)}?attributes=displayName", body).having(200).json()
    need(answer["displayName"] == group["displayName"] and "members" not in answer, "not what was asked for")


@rfc.must("3.5.2", "A PATCH is applied as a whole or not at all.")
def patch_is_atomic(service: Service) -> None:
    user = service.new_user(title="old")
    answer = service.patch(path_of(user), _op("replace", "title", value="new"), _op("remove", "userName"))
    answer.refusing(400, "mutability")
    need(service.read(user) == user, "a part of a refused PATCH stayed")


@rfc.must("3.5.2", "Operations are applied one after the other.")
def patch_is_sequential(service: Service) -> None:
    user = service.new_user()
    now = _patched(
        service, user, _op("add", "title", value="a"), _op("remove", "title"), _op("add", "title", value="b")
    )
    need(now["title"] == "b", "the order was not kept")


@rfc.must("3.5.2", "A value that becomes primary ends another's being primary.")
def patch_primary(service: Service) -> None:
    emails = [{"value": "a@example.test", "type": "work", "primary": True}, {"value": "b@example.test", "type": "home"}]
    user = service.new_user(emails=emails)
    now = _patched(service, user, _op("replace", 'emails[type eq "home"].primary', value=True))["emails"]
    need([email["value"] for email in now if email.get("primary")] == ["b@example.test"], "two are primary, or none")


@rfc.must("3.5.2", "A path that can't be read is refused with 400 invalidPath.")
def patch_broken_path(service: Service) -> None:
    user = service.new_user()
    for path in ("emails[", "a b", "name..x"):
        service.patch(path_of(user), _op("add", path, value="x")).refusing(400, "invalidPath")


@rfc.must("3.5.2", "Changing a read-only attribute is refused with 400 mutability.")
def patch_read_only(service: Service) -> None:
    user = service.new_user()
    service.patch(path_of(user), _op("replace", "id", value="x")).refusing(400, "mutability")


@rfc.must("3.5.2.1", "add without a path takes an object of attributes.")
def add_without_path(service: Service) -> None:
    user = service.new_user(title="old")
    now = _patched(service, user, _op("add", value={"title": "new", "name": {"givenName": "Ada"}}))
    need(now["title"] == "new" and now["name"]["givenName"] == "Ada", "an attribute was not added")


@rfc.must("3.5.2.1", "add appends to a multi-valued attribute.")
def add_appends(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test"}])
    now = _patched(service, user, _op("add", "emails", value=[{"value": "b@example.test"}]))
    need(len(now["emails"]) == 2, "the new value replaced the old one, or was lost")


@rfc.should("3.5.2.1", "Adding a value that is there already changes nothing, not even lastModified.")
def add_twice(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test", "type": "work"}])
    now = _patched(service, user, _op("add", "emails", value=[{"value": "a@example.test", "type": "work"}]))
    need(now == user, "the resource changed")


@rfc.must("3.5.2.1", "add to a complex attribute adds its sub-attributes and keeps the others.")
def add_to_complex(service: Service) -> None:
    user = service.new_user(name={"familyName": "Lovelace"})
    now = _patched(service, user, _op("add", "name", value={"givenName": "Ada"}))
    need(now["name"] == {"familyName": "Lovelace", "givenName": "Ada"}, "a sub-attribute was lost")


@rfc.must("3.5.2.2", "remove of an attribute unassigns it, with all its values.")
def remove_all(service: Service) -> None:
    user = service.new_user(title="x", emails=[{"value": "a@example.test"}, {"value": "b@example.test"}])
    now = _patched(service, user, _op("remove", "title"), _op("remove", "emails"))
    need("title" not in now and "emails" not in now, "a removed attribute is still there")


@rfc.must("3.5.2.2", "remove with a filter removes the values that match, and no others.")
def remove_matching(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test", "type": "work"}, {"value": "b@example.test"}])
    now = _patched(service, user, _op("remove", 'emails[type eq "work"]'))
    need(now["emails"] == [{"value": "b@example.test"}], "the wrong values were removed")


@rfc.must("3.5.2.2", "remove with a filter and a sub-attribute removes the sub-attribute of what matches.")
def remove_sub_attribute(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test", "type": "work", "display": "x"}])
    now = _patched(service, user, _op("remove", 'emails[type eq "work"].display'))
    need(now["emails"] == [{"value": "a@example.test", "type": "work"}], "not the sub-attribute alone was removed")


@rfc.must("3.5.2.2", "remove without a path is refused with 400 noTarget.")
def remove_without_path(service: Service) -> None:
    service.patch(path_of(service.new_user()), _op("remove")).refusing(400, "noTarget")


@rfc.must("3.5.2.2", "Removing a required attribute is refused with 400 mutability.")
def remove_required(service: Service) -> None:
    service.patch(path_of(service.new_user()), _op("remove", "userName")).refusing(400, "mutability")


@rfc.must("3.5.2.2", "A member is removed from a group by a filter; the others stay.")
def remove_member(service: Service) -> None:
    first, second = service.new_user(), service.new_user()
    group = service.new_group(first, second)
    service.patch(path_of(group), _op("remove", f'members[value eq "{first["id"]}"]')).having(200, 204)
    need([one["value"] for one in service.read(group)["members"]] == [second["id"]], "the wrong members are left")


@rfc.must("3.5.2.2", "Removing somebody who is no member succeeds and changes nothing.")
def remove_nobody(service: Service) -> None:
    member, stranger = service.new_user(), service.new_user()
    group = service.new_group(member)
    service.patch(path_of(group), _op("remove", f'members[value eq "{stranger["id"]}"]')).having(200, 204)
    need(service.read(group) == group, "the group changed")


@rfc.must("3.5.2.3", "replace replaces a single value, and all values of a multi-valued attribute.")
def replace_values(service: Service) -> None:
    user = service.new_user(title="old", emails=[{"value": "a@example.test"}, {"value": "b@example.test"}])
    now = _patched(
        service, user, _op("replace", "title", value="n"), _op("replace", "emails", value=[{"value": "c@d.test"}])
    )
    need(now["title"] == "n" and now["emails"] == [{"value": "c@d.test"}], "not everything was replaced")


@rfc.must("3.5.2.3", "replace of what is not there adds it.")
def replace_adds(service: Service) -> None:
    user = service.new_user()
    now = _patched(
        service, user, _op("replace", "title", value="x"), _op("replace", f"{ENTERPRISE}:department", value="d")
    )
    need(now["title"] == "x" and now[ENTERPRISE] == {"department": "d"}, "it was not added")


@rfc.must("3.5.2.3", "replace with a filter and a sub-attribute replaces it in all that match.")
def replace_sub_attribute(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test", "type": "work"}, {"value": "b@c.test", "type": "home"}])
    now = _patched(service, user, _op("replace", 'emails[type eq "work"].value', value="n@example.test"))
    need([email["value"] for email in now["emails"]] == ["n@example.test", "b@c.test"], "the wrong value was replaced")


@rfc.must("3.5.2.3", "replace with a filter replaces the values that match by the one that is sent.")
def replace_matching(service: Service) -> None:
    user = service.new_user(phoneNumbers=[{"value": "1", "type": "work", "display": "old"}])
    new = {"value": "2", "type": "work"}
    now = _patched(service, user, _op("replace", 'phoneNumbers[type eq "work"]', value=new))
    need(now["phoneNumbers"] == [new], "the value is merged, not replaced")


@rfc.must("3.5.2.3", "replace with a filter that matches nothing is refused with 400 noTarget.")
def replace_nothing(service: Service) -> None:
    user = service.new_user(emails=[{"value": "a@example.test", "type": "work"}])
    for condition in ('value eq "nobody@example.test"', 'type eq "home"'):
        service.patch(path_of(user), _op("replace", f"emails[{condition}].display", value="x")).refusing(
            400, "noTarget"
        )


@rfc.must("3.5.2.3", "replace of members leaves exactly those that are sent.")
def replace_members(service: Service) -> None:
    first, second = service.new_user(), service.new_user()
    group = service.new_group(first)
    service.patch(path_of(group), _op("replace", "members", value=[{"value": second["id"]}])).having(200, 204)
    need([one["value"] for one in service.read(group)["members"]] == [second["id"]], "the members are others")
