"""RFC 7643: the schema of resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.conformance.requirements import Registry
from tests.conformance.service import CORE_GROUP, CORE_USER, ENTERPRISE, Document, NotApplicable, Service, need, path_of

rfc = Registry(7643)


@rfc.must("2.1", "Attribute names are read without regard to case.")
def names_in_any_case(service: Service) -> None:
    body = {"schemas": [CORE_USER], "USERNAME": service.name(), "displayname": "Ada", "Name": {"GIVENNAME": "Ada"}}
    user = service.post("/Users", body).having(201).json()
    need(user.get("displayName") == "Ada" and user["name"]["givenName"] == "Ada", "names in another case were not read")


@rfc.must("2.3.5", "Moments are xsd:dateTime values with date and time.")
def moments_are_moments(service: Service) -> None:
    meta = service.new_user()["meta"]
    for name in ("created", "lastModified"):
        need("T" in meta[name] and datetime.fromisoformat(meta[name]), f"meta.{name} is no dateTime")


@rfc.must("2.4", "No more than one value of a multi-valued attribute is primary.")
def one_primary(service: Service) -> None:
    emails = [{"value": "a@example.test", "primary": True}, {"value": "b@example.test"}]
    user = service.new_user(emails=emails)
    more = {"op": "add", "path": "emails", "value": [{"value": "c@example.test", "primary": True}]}
    service.patch(path_of(user), more).having(200, 204)
    primary = [email["value"] for email in service.read(user)["emails"] if email.get("primary")]
    need(primary == ["c@example.test"], f"{len(primary)} values are primary, or the wrong one: {primary}")


@rfc.must("2.4", "A value that does not say whether it is primary is not.")
def primary_is_false_unless_said(service: Service) -> None:
    quiet = service.new_user(emails=[{"value": "a@example.test"}])
    loud = service.new_user(emails=[{"value": "b@example.test", "primary": True}])
    these = f'(id eq "{quiet["id"]}" or id eq "{loud["id"]}")'
    for expression in ("emails[primary eq false]", "emails.primary eq false", "emails[primary ne true]"):
        need(service.found(f"{these} and {expression}") == [quiet["id"]], f"{expression} selects the wrong users")


@rfc.must("2.5", "An attribute that is sent as null or as an empty list is unassigned.")
def null_is_unassigned(service: Service) -> None:
    user = service.new_user(title="Boss", phoneNumbers=[{"value": "1"}])
    body = {"schemas": [CORE_USER], "userName": user["userName"], "title": None, "phoneNumbers": []}
    now = service.put(path_of(user), body).having(200).json()
    need("title" not in now and "phoneNumbers" not in now, "a null or an empty list was kept")


@rfc.must("3", "`schemas` names the schemas in use, at least the base schema, none twice.")
def schemas_in_use(service: Service) -> None:
    with_extension = service.new_user(**{ENTERPRISE: {"department": "Design"}})["schemas"]
    without = service.new_user()["schemas"]
    need(CORE_USER in with_extension and ENTERPRISE in with_extension, "schemas lacks one that is in use")
    need(CORE_USER in without and ENTERPRISE not in without, "schemas names one that is not in use")
    need(len(set(with_extension)) == len(with_extension), "schemas names one twice")


@rfc.must("3.1", "`id` is given by the service provider; a client's value is ignored.")
def id_is_the_servers(service: Service) -> None:
    first, second = service.new_user(id="mine"), service.new_user(id="mine")
    need(first["id"] != "mine" and first["id"] != second["id"], "the client's id was taken")
    need(first["id"] != "bulkId", "the reserved word bulkId is an id")


@rfc.must("3.1", "`id` is stable: it stays through every change.")
def id_is_stable(service: Service) -> None:
    user = service.new_user()
    service.put(path_of(user), {"schemas": [CORE_USER], "userName": service.name(), "id": "other"}).having(200)
    need(service.read(user)["id"] == user["id"], "the id changed")


@rfc.must("3.1", "An `id` is never given to another resource, not even after a deletion.")
def id_is_never_reused(service: Service) -> None:
    user = service.new_user()
    service.delete(path_of(user)).having(204)
    again = service.post("/Users", {"schemas": [CORE_USER], "userName": user["userName"]}).having(201).json()
    need(again["id"] != user["id"], "the id of a deleted user came back")


@rfc.must("3.1", "`externalId` is the client's and is kept as it was sent, case included.")
def external_id_is_kept(service: Service) -> None:
    external = f"Ext-{service.run}-A"
    user = service.new_user(externalId=external)
    need(service.read(user)["externalId"] == external, "externalId was changed")
    need(user["id"] in service.found(f'externalId eq "{external}"'), "it is not found by its externalId")
    need(not service.found(f'externalId eq "{external.lower()}"'), "externalId is compared without case")


@rfc.must("3.1", "`meta` is the service provider's: a client's values are ignored.")
def meta_is_the_servers(service: Service) -> None:
    meta = {"created": "2001-01-01T00:00:00Z", "location": "https://example.test/x", "resourceType": "Robot"}
    user = service.new_user(meta=meta)["meta"]
    need(not {user[name] for name in meta} & set(meta.values()), "the client's meta was taken")


@rfc.must("3.1", "`meta` says resourceType, created, lastModified and location.")
def meta_is_complete(service: Service) -> None:
    for resource, kind in ((service.new_user(), "User"), (service.new_group(), "Group")):
        need(resource["meta"]["resourceType"] == kind, "meta.resourceType is wrong")
        need(all(resource["meta"].get(name) for name in ("created", "lastModified", "location")), "meta is incomplete")


@rfc.must("3.1", "`meta.location` is the address of the resource, the one that the headers say.")
def location_is_the_address(service: Service) -> None:
    user = service.new_user()
    answer = service.get(path_of(user)).having(200)
    location = answer.json()["meta"]["location"]
    need(location.endswith(path_of(user)), "meta.location is another address")
    said = {answer.headers[name] for name in ("location", "content-location") if name in answer.headers}
    need(said <= {location}, "a header says another address than meta.location")


@rfc.must("3.1", "`externalId` is only ever what the client has sent.")
def external_id_is_not_made_up(service: Service) -> None:
    need("externalId" not in service.read(service.new_user()), "the service provider made one up")


@rfc.must("3.1", "`meta.lastModified` is `meta.created` until the first change.")
def created_is_no_change(service: Service) -> None:
    for resource in (service.new_user(), service.new_group(service.new_user())):
        need(resource["meta"]["lastModified"] == resource["meta"]["created"], "they differ on a new resource")


@rfc.must("3.1", "`meta.lastModified` moves on with a change, `meta.created` stays.")
def last_modified_moves(service: Service) -> None:
    user = service.new_user()
    service.patch(path_of(user), {"op": "add", "path": "title", "value": "Boss"}).having(200, 204)
    meta = service.read(user)["meta"]
    need(meta["created"] == user["meta"]["created"], "meta.created changed")
    need(meta["lastModified"] > user["meta"]["lastModified"], "meta.lastModified did not move on")


@rfc.must("3.3", "An extension's attributes are in an object under its URN.")
def extension_is_nested(service: Service) -> None:
    extension = {"employeeNumber": "7", "costCenter": "c", "organization": "o", "division": "d", "department": "e"}
    user = service.new_user(**{ENTERPRISE: extension})
    need(service.read(user)[ENTERPRISE] == extension, "the enterprise extension did not come back as it was sent")


@rfc.must("4.1.1", "`userName` is required and not empty.")
def user_name_is_required(service: Service) -> None:
    service.post("/Users", {"schemas": [CORE_USER], "displayName": "x"}).refusing(400)
    service.post("/Users", {"schemas": [CORE_USER], "userName": ""}).refusing(400)


@rfc.must("4.1.1", "`userName` is unique, without regard to case.")
def user_name_is_unique(service: Service) -> None:
    user = service.new_user()
    body = {"schemas": [CORE_USER], "userName": user["userName"].upper()}
    service.post("/Users", body).refusing(409, "uniqueness")


@rfc.must("4.1.1", "A password is never returned.")
def password_is_never_returned(service: Service) -> None:
    user = service.new_user(password="Synthetic-1-password!")
    asked = service.get(path_of(user), attributes="password,userName").having(200)
    need(b"Synthetic-1" not in asked.content and b"assword" not in asked.content, "the password was returned")
    need("password" not in user and "password" not in service.read(user), "the password was returned")


@rfc.must("4.1.1", "`active` says whether the account may be used, and can be changed.")
def active_follows(service: Service) -> None:
    user = service.new_user(active=False)
    need(user["active"] is False, "active: false was not taken")
    service.patch(path_of(user), {"op": "replace", "path": "active", "value": True}).having(200, 204)
    need(service.read(user)["active"] is True, "active could not be changed")


@rfc.must("4.1.2", "`groups` is read-only: membership changes through the group.")
def groups_are_read_only(service: Service) -> None:
    user = service.new_user()
    group = service.new_group()
    body = {"schemas": [CORE_USER], "userName": user["userName"], "groups": [{"value": group["id"]}]}
    service.put(path_of(user), body).having(200)
    need("groups" not in service.read(user), "a user could be put into a group through groups")
    service.patch(path_of(group), {"op": "add", "path": "members", "value": [{"value": user["id"]}]}).having(200, 204)
    need(service.read(user)["groups"][0]["value"] == group["id"], "groups does not show the membership")


@rfc.must("4.1.2", "Emails, phone numbers, addresses, photos and the other multi-valued attributes are kept.")
def values_are_kept(service: Service) -> None:
    values: dict[str, list[Document]] = {
        "emails": [{"value": "a@example.test", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+49 30 1", "type": "mobile"}],
        "ims": [{"value": "ada", "type": "xmpp"}],
        "photos": [{"value": "https://example.test/a.png", "type": "photo"}],
        "addresses": [{"locality": "Berlin", "country": "DE", "type": "work"}],
        "roles": [{"value": "editor"}],
        "entitlements": [{"value": "e1"}],
    }
    user = service.read(service.new_user(**values))
    different = [name for name, value in values.items() if user.get(name) != value]
    need(not different, f"not kept as sent: {', '.join(different)}")


@rfc.must("4.2", "`displayName` of a group is required.")
def group_name_is_required(service: Service) -> None:
    service.post("/Groups", {"schemas": [CORE_GROUP]}).refusing(400)


@rfc.must("4.2", "Members are shown by id, with the address of the resource.")
def members_have_addresses(service: Service) -> None:
    user = service.new_user()
    (member,) = service.read(service.new_group(user))["members"]
    need(member["value"] == user["id"] and member["$ref"] == user["meta"]["location"], "a member lacks id or $ref")


@rfc.may("4.2", "Groups can be members of groups.")
def nested_groups(service: Service) -> None:
    inner = service.new_group()
    members = [{"value": inner["id"], "type": "Group"}]
    body = {"schemas": [CORE_GROUP], "displayName": service.name(), "members": members}
    outer = service.post("/Groups", body).having(201).json()
    need(outer.get("displayName") == body["displayName"], "the group was not stored")
    need("members" not in outer, "a nested group is a member")
    raise NotApplicable("members are users only; a nested group is skipped, or refused with 400 if the IdP is set so")


@rfc.must("4.3", "The manager of the enterprise extension refers to a user by id.")
def manager_is_kept(service: Service) -> None:
    boss = service.new_user()
    user = service.new_user(**{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    need(service.read(user)[ENTERPRISE]["manager"]["value"] == boss["id"], "the manager was not kept")
    need(user["id"] in service.found(f'{ENTERPRISE}:manager.value eq "{boss["id"]}"'), "nobody is found by manager")


@rfc.must("5", "The configuration says what is supported: patch, bulk, filter, changePassword, sort, etag.")
def configuration_is_complete(service: Service) -> None:
    config = service.features()
    for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
        need(isinstance(config[name]["supported"], bool), f"{name}.supported is missing")
    sizes = (config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"], config["filter"]["maxResults"])
    need(all(isinstance(size, int) and size > 0 for size in sizes), "a published limit is missing")


@rfc.must("5", "The configuration names its authentication schemes.")
def schemes_are_named(service: Service) -> None:
    schemes = service.features()["authenticationSchemes"]
    need(
        schemes and all(one["type"] and one["name"] and one["description"] for one in schemes), "a scheme is incomplete"
    )


@rfc.must("6", "Each resource type says its name, endpoint, schema and extensions.")
def resource_types_are_complete(service: Service) -> None:
    types = {one["name"]: one for one in service.get("/ResourceTypes").having(200).json()["Resources"]}
    need(types["User"]["endpoint"] == "/Users" and types["User"]["schema"] == CORE_USER, "User is described wrongly")
    need(
        types["Group"]["endpoint"] == "/Groups" and types["Group"]["schema"] == CORE_GROUP, "Group is described wrongly"
    )
    extensions = types["User"]["schemaExtensions"]
    need(all({"schema", "required"} <= set(one) for one in extensions), "an extension lacks schema or required")
    need(ENTERPRISE in {one["schema"] for one in extensions}, "the enterprise extension is not announced")


_CHARACTERISTICS = {"name", "type", "multiValued", "description"}


@rfc.must("7", "Each schema says its attributes with all their characteristics.")
def schemas_are_complete(service: Service) -> None:
    schemas = service.get("/Schemas").having(200).json()["Resources"]
    need({CORE_USER, CORE_GROUP} <= {schema["id"] for schema in schemas}, "a core schema is missing")
    for schema in schemas:
        need(schema["id"].startswith("urn:") and schema["name"], "a schema lacks id or name")
        for attribute in schema["attributes"]:
            _look_at(attribute, schema["id"])


def _look_at(attribute: Document, where: str) -> None:
    missing = _CHARACTERISTICS - set(attribute)
    need(not missing, f"{where} {attribute.get('name')} lacks {', '.join(sorted(missing))}")
    _one_of(attribute, "mutability", "readOnly", "readWrite", "immutable", "writeOnly")
    _one_of(attribute, "returned", "always", "never", "default", "request")
    _one_of(attribute, "type", "string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary")
    need(attribute["type"] != "complex" or attribute.get("subAttributes"), "a complex attribute lacks subAttributes")
    for sub in attribute.get("subAttributes", []):
        _look_at(sub, f"{where} {attribute['name']}")


def _one_of(attribute: Document, name: str, *values: Any) -> None:
    need(attribute.get(name) in values, f"{attribute['name']}.{name} is {attribute.get(name)!r}")


@rfc.must("7", "An attribute that is published as read-only can't be changed by a client.")
def read_only_is_read_only(service: Service) -> None:
    user = service.new_user()
    service.patch(path_of(user), {"op": "replace", "path": "meta.created", "value": "2001-01-01T00:00:00Z"}).refusing(
        400
    )
    need(service.read(user) == user, "a read-only attribute changed")


@rfc.should("7", "Every attribute that is published is kept.")
def what_is_published_is_kept(service: Service) -> None:
    schema = service.get(f"/Schemas/{CORE_USER}").having(200).json()
    plain = [one["name"] for one in schema["attributes"] if _is_plain_text(one)]
    need(len(plain) > 5, "the User schema publishes next to nothing")
    user = service.read(service.new_user(**dict.fromkeys(plain, "x")))
    need(all(user.get(name) == "x" for name in plain), "a published attribute is not kept")


def _is_plain_text(attribute: Document) -> bool:
    is_text = attribute["type"] == "string" and not attribute["multiValued"]
    return is_text and attribute["mutability"] == "readWrite" and attribute["name"] not in {"userName", "password"}
