"""django-scim2's settings for this service provider, and the discovery documents (RFC 7644 section 4)."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from scim2_models import Context, Resource, ResourceType, Schema
from scim2_models import ServiceProviderConfig as ConfigModel

from identity.models import SSOUser
from scim.queries import cursors
from scim.wire import limits
from scim.wire.addresses import base_location
from scim.wire.resources import EnterpriseUser, Group, GroupResource, PortalGroup, PortalUser, User, UserResource


def sso_user_model() -> type[SSOUser]:
    """django-scim2's USER_MODEL_GETTER: SCIM Users are SSO users, never portal users."""
    return SSOUser


class ServiceProviderConfig:
    """django-scim2's SERVICE_PROVIDER_CONFIG_MODEL: states exactly what is supported (RFC 7643 section 5)."""

    def __init__(self, request: Any = None) -> None:
        self.request = request

    def to_dict(self) -> dict[str, Any]:
        return _service_provider_config()


@cache
def _service_provider_config() -> dict[str, Any]:
    supported, unsupported = {"supported": True}, {"supported": False}
    document = ConfigModel.model_validate(
        {
            "patch": supported,
            "bulk": {
                **supported,
                "maxOperations": limits.BULK_OPERATIONS,
                "maxPayloadSize": limits.BODY_BYTES,
            },
            "filter": {**supported, "maxResults": limits.PAGE_MAXIMUM},
            "changePassword": unsupported,
            "sort": supported,
            "etag": supported,
            "pagination": {
                "cursor": True,
                "index": True,
                "defaultPaginationMethod": "index",
                "defaultPageSize": limits.PAGE_DEFAULT,
                "maxPageSize": limits.PAGE_MAXIMUM,
                "cursorTimeout": cursors.TIMEOUT_SECONDS,
            },
            "authenticationSchemes": settings.SCIM_SERVICE_PROVIDER["AUTHENTICATION_SCHEMES"],
        }
    )
    return _published(document, "ServiceProviderConfig", "ServiceProviderConfig")


@cache
def resource_types() -> dict[str, dict[str, Any]]:
    """The documents of /ResourceTypes by id."""
    documents = {}
    for model, description in ((UserResource, "User Account"), (GroupResource, "Group")):
        document = ResourceType.from_resource(model)
        document.description = description
        documents[str(document.id)] = _published(document, "ResourceType", f"ResourceTypes/{document.id}")
    return documents


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """The documents of /Schemas by URN: exactly the stored attributes."""
    documents = {}
    for model in (User, EnterpriseUser, PortalUser, Group, PortalGroup):
        schema = _schema_of(model)
        documents[str(schema.id)] = _published(schema, "Schema", f"Schemas/{schema.id}")
    return documents


def _schema_of(model: Any) -> Schema:
    """As defined, including the writeOnly password: typed clients build every user with it."""
    schema: Schema = model.to_schema()
    schema.name = model.__name__
    schema.description = " ".join(model.__doc__.split())
    return schema


def _published(document: Resource[Any], resource_type: str, path: str) -> dict[str, Any]:
    body = document.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return {**body, "meta": {"resourceType": resource_type, "location": f"{base_location()}/{path}"}}
