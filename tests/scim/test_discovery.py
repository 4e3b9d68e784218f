"""What the service says of itself is complete and true (RFC 7643 sections 5 to 7, RFC 7644 section 4)."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Group, ResourceType, Schema, ServiceProviderConfig, User

from portal.wsgi import application
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import BASE, CORE_GROUP, CORE_USER, ENTERPRISE, LIST, PORTAL_GROUP, PORTAL_USER, Document

TRUE, FALSE = {"supported": True}, {"supported": False}


@pytest.fixture
def config(idp: IdP) -> Document:
    return idp.get("/ServiceProviderConfig").json()


def test_the_service_provider_config_is_true(config: Document) -> None:
    assert config["patch"] == config["sort"] == config["etag"] == TRUE
    assert config["changePassword"] == FALSE
    assert config["filter"] == {"supported": True, "maxResults": 1_000}
    assert config["bulk"] == {"supported": True, "maxOperations": 1_000, "maxPayloadSize": 8 * 1024 * 1024}
    assert config["meta"] == {
        "resourceType": "ServiceProviderConfig",
        "location": f"{BASE}/ServiceProviderConfig",
    }
    schemes = [(scheme["type"], scheme.get("primary")) for scheme in config["authenticationSchemes"]]
    assert schemes == [("oauthbearertoken", True), ("oauth2", None)]


def test_the_config_names_its_paging(config: Document) -> None:
    """RFC 9865 section 4."""
    pagination = config["pagination"]
    assert (pagination["cursor"], pagination["index"]) == (True, True)
    assert pagination["maxPageSize"] == config["filter"]["maxResults"]


def test_what_the_config_claims_works(idp: IdP, config: Document) -> None:
    user = idp.user("ann")
    assert idp.patch(f"/Users/{user['id']}", {"op": "add", "path": "title", "value": "x"})["ETag"]
    assert idp.get("/Users", filter='userName eq "ann"', sortBy="userName").json()["totalResults"] == 1
    urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    deletion = {"method": "DELETE", "path": f"/Users/{user['id']}"}
    answer = idp.post("/Bulk", {"schemas": [urn], "Operations": [deletion]})
    assert answer.json()["Operations"][0]["status"] == "204"
    too_many = [deletion] * (config["bulk"]["maxOperations"] + 1)
    assert problem(idp.post("/Bulk", {"schemas": [urn], "Operations": too_many}))[0] == 413


def test_two_resource_types_are_served(idp: IdP) -> None:
    body = idp.get("/ResourceTypes").json()
    assert (body["schemas"], body["totalResults"], body["itemsPerPage"]) == ([LIST], 2, 2)
    assert [(each["id"], each["endpoint"], each["schema"]) for each in body["Resources"]] == [
        ("User", "/Users", CORE_USER),
        ("Group", "/Groups", CORE_GROUP),
    ]
    extensions = [each["schemaExtensions"] for each in body["Resources"]]
    assert extensions == [
        [{"schema": ENTERPRISE, "required": False}, {"schema": PORTAL_USER, "required": False}],
        [{"schema": PORTAL_GROUP, "required": False}],
    ]
    for each in body["Resources"]:
        assert idp.get(f"/ResourceTypes/{each['id']}").json() == each
        assert each["meta"] == {"resourceType": "ResourceType", "location": f"{BASE}/ResourceTypes/{each['id']}"}
        assert idp.get(each["endpoint"]).status_code == 200


@pytest.fixture
def schemas(idp: IdP) -> dict[str, Document]:
    return {schema["id"]: schema for schema in idp.get("/Schemas").json()["Resources"]}


def test_every_schema_is_published(idp: IdP, schemas: dict[str, Document]) -> None:
    named = {urn: schema["name"] for urn, schema in schemas.items()}
    expected = {
        CORE_USER: "User",
        ENTERPRISE: "EnterpriseUser",
        PORTAL_USER: "PortalUser",
        CORE_GROUP: "Group",
        PORTAL_GROUP: "PortalGroup",
    }
    assert expected.items() <= named.items()
    for urn, schema in schemas.items():
        assert idp.get(f"/Schemas/{urn}").json() == schema
        assert idp.get(f"/Schemas/{urn.upper()}").json() == schema
        assert schema["meta"] == {"resourceType": "Schema", "location": f"{BASE}/Schemas/{urn}"}
        assert schema["description"]


def attributes(schema: Document) -> dict[str, Document]:
    return {attribute["name"]: attribute for attribute in schema["attributes"]}


def test_schemas_say_what_is_kept(schemas: dict[str, Document]) -> None:
    user, group = attributes(schemas[CORE_USER]), attributes(schemas[CORE_GROUP])
    assert (user["userName"]["required"], user["userName"]["uniqueness"]) == (True, "server")
    assert user["groups"]["mutability"] == "readOnly"
    assert (group["displayName"]["required"], group["displayName"]["uniqueness"]) == (True, "server")
    parts = attributes({"attributes": group["members"]["subAttributes"]})
    assert (parts["value"]["mutability"], parts["display"]["mutability"]) == ("immutable", "readOnly")
    for urn in (PORTAL_USER, PORTAL_GROUP):
        assert {each["mutability"] for each in schemas[urn]["attributes"]} == {"readOnly"}
    if "password" in user:
        assert (user["password"]["mutability"], user["password"]["returned"]) == ("writeOnly", "never")


def test_every_answer_keeps_to_the_published_schema(idp: IdP, schemas: dict[str, Document]) -> None:
    user = idp.user("ann", name={"givenName": "Ann"}, emails=[{"value": "a@b.c", "type": "work"}])
    idp.group("Staff", [user])
    document = idp.get(f"/Users/{user['id']}").json()
    common = {"schemas", "id", "externalId", "meta"}
    assert set(document) - common - set(document["schemas"]) <= set(attributes(schemas[CORE_USER]))
    for urn in set(document["schemas"]) & set(document):
        assert set(document[urn]) <= set(attributes(schemas[urn]))


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"])
def test_discovery_is_not_filtered(idp: IdP, path: str) -> None:
    """RFC 7644 section 4."""
    assert problem(idp.get(path, filter='id eq "x"')) == (403, None)


@pytest.mark.parametrize("path", ["/Schemas/urn:nope", "/ResourceTypes/Nope"])
def test_an_unknown_document_is_404(idp: IdP, path: str) -> None:
    assert problem(idp.get(path)) == (404, None)


@pytest.mark.django_db(transaction=True)
def test_a_typed_client_discovers_and_works() -> None:
    """scim2-client reads the three documents and builds its models from them."""
    from scim2_client.engines.wsgi import WSGISCIMClient  # noqa: PLC0415 - takes seconds to import

    client = WSGISCIMClient(application, base_url=BASE, headers={"Authorization": f"Bearer {new_idp().secret}"})
    client.discover()
    assert isinstance(client.provider.config, ServiceProviderConfig)
    user_model: Any = client.get_resource_model("User")
    group_model: Any = client.get_resource_model("Group")
    assert issubclass(user_model, User) or user_model.__schema__ == CORE_USER
    assert issubclass(group_model, Group) or group_model.__schema__ == CORE_GROUP
    user = client.create(user_model(user_name="ann", name={"given_name": "Ann"}))
    group = client.create(group_model(display_name="Staff", members=[{"value": user.id}]))
    assert client.query(user_model, user.id).user_name == "ann"
    assert client.query(group_model, group.id).members[0].value == user.id
    assert client.query(ResourceType).total_results == 2
    assert client.query(Schema).total_results >= 5
    client.delete(user_model, user.id)
