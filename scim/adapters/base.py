"""The common base of the two adapters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django_scim.adapters import SCIMMixin

from identity.core.errors import NotFound
from scim.wire.addresses import location
from scim.wire.versions import etag, required_version
from scim.wire.words import Wire


class ResourceAdapter(SCIMMixin):
    """django-scim2's protocol: from_dict or handle_operations prepare, save calls the service, to_dict answers."""

    endpoint = ""
    resource_type = ""
    status = 200  # the response status of a change
    ATTR_MAP: dict[Any, str] = {}

    def __init__(self, obj: Any, request: Any = None) -> None:
        super().__init__(obj, request)  # type: ignore[no-untyped-call]  # django-scim2 is not annotated

    @property
    def actor(self) -> Any:
        return self.request.actor

    @property
    def version_check(self) -> Any:
        return required_version(self.request)

    @property
    def id(self) -> str:
        return str(self.obj.scim_id)

    @property
    def location(self) -> str:
        return location(self.endpoint, self.id)

    @property
    def etag(self) -> str:
        return etag(self.obj.version)

    @property
    def meta(self) -> dict[str, Any]:
        return {
            "resourceType": self.resource_type,
            "created": moment(self.obj.created_at),
            "lastModified": moment(self.obj.modified_at),
            "location": self.location,
            "version": self.etag,
        }


def moment(value: datetime) -> str:
    """RFC 3339 in UTC, with the stored precision, so that it can be filtered by."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def scim_id(text: str, resource_type: str) -> UUID:
    """The UUID in a URL; NotFound for anything else, since no resource can have it."""
    try:
        wanted = UUID(text)
    except ValueError:
        wanted = None
    if wanted is None or str(wanted) != text.lower():
        raise NotFound(Wire.TYPE_NOT_FOUND(resource=resource_type))
    return wanted
