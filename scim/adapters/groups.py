"""SCIM Groups ⇄ SSO groups. Members are handled as sets of ids; no PATCH loads a group's members."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models.fields.json import KeyTextTransform
from scim2_models import Context, ScimPolicy

from identity.models import GroupMapping, SSOGroup, SSOMembership
from identity.services.provisioning import groups as sso_groups
from identity.services.provisioning.statements import GroupChange, GroupRecord, StatedMembers
from scim.adapters.base import ResourceAdapter
from scim.adapters.group_patches import GroupPatch, group_ids, member_ids
from scim.queries.projection import Projection
from scim.wire import dialects
from scim.wire.addresses import location
from scim.wire.resources import CORE_GROUP, PORTAL_GROUP, GroupResource
from scim.wire.shapes import LeftOut

Document = dict[str, Any]
Index = dict[int, list[Document]]

_TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)


class SCIMGroup(ResourceAdapter):
    """A Group resource over one SSO group."""

    resource_type = "Group"
    url_name = "scim:groups"
    endpoint = "Groups"

    def __init__(self, obj: SSOGroup, request: Any = None) -> None:
        super().__init__(obj, request)
        self._record: GroupRecord  # set by from_dict
        self._change: GroupChange  # set by from_dict or handle_operations

    def from_dict(self, body: Document) -> None:
        """A POST or PUT body: exactly these members; absent ones are cleared, as PUT replaces."""
        left_out = LeftOut()
        plain = dialects.plain_group(body, left_out)
        members = plain.pop("members", None)
        resource = GroupResource.model_validate(
            plain, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=_TOLERANT
        )
        new = GroupRecord(
            display_name=resource.display_name or "",
            external_id=resource.external_id,
            members=StatedMembers.exactly(member_ids(members, strict=True), group_ids(members)),
            left_out=left_out.told(),
        )
        self._record, self._change = new, lambda _: new

    def handle_operations(self, body: Document) -> None:
        patch = GroupPatch(dialects.operations(body))
        self._change = patch.apply

    def create(self) -> None:
        self.obj = sso_groups.push_group(self._record, actor=self.actor)

    def save(self) -> None:
        self.obj = sso_groups.update_group(
            self.obj.scim_id, self._change, actor=self.actor, version=self.version_check, status=self.status
        )

    def delete(self) -> None:
        sso_groups.delete_sso_group(self.obj.scim_id, actor=self.actor, version=self.version_check)

    def to_dict(self, projection: Projection | None = None) -> Document:
        """The group, with its members and mappings if requested."""
        related = Related([self.obj], projection or Projection())
        return related.document(self)


class Related:
    """Members and mappings of many groups: one statement each, none if not requested."""

    def __init__(self, groups: list[SSOGroup], projection: Projection) -> None:
        keys = [group.pk for group in groups]
        self.members = _members_of(keys) if projection.wants("members") else {}
        self.mappings = _mappings_of(keys) if projection.wants(PORTAL_GROUP) else {}

    def document(self, adapter: SCIMGroup) -> Document:
        group = adapter.obj
        document: Document = {
            "schemas": [CORE_GROUP, PORTAL_GROUP],
            "id": adapter.id,
            "displayName": group.display_name,
            "meta": adapter.meta,
        }
        if group.external_id:
            document["externalId"] = group.external_id
        if members := self.members.get(group.pk):
            document["members"] = members
        if mappings := self.mappings.get(group.pk):
            document[PORTAL_GROUP] = {"portalGroups": mappings}
        return document


def _members_of(group_ids: list[int]) -> Index:
    rows = SSOMembership.objects.filter(sso_group__in=group_ids).order_by("pk")
    named = rows.annotate(display=KeyTextTransform("displayName", "sso_user__attributes"))
    wanted = named.values_list("sso_group_id", "sso_user__scim_id", "display", "sso_user__user_name")
    index: Index = {}
    # Not iterator(): PostgreSQL plans a server-side cursor for its first rows and scans all memberships by their key.
    for group_id, user_id, display, user_name in wanted:
        index.setdefault(group_id, []).append(_member(user_id, display or user_name))
    return index


def _member(user_id: UUID, display: str) -> Document:
    return {"value": str(user_id), "$ref": location("Users", user_id), "type": "User", "display": display}


def _mappings_of(group_ids: list[int]) -> Index:
    rows = GroupMapping.objects.filter(sso_group__in=group_ids).order_by("pk")
    index: Index = {}
    for sso_group_id, group_id, name in rows.values_list("sso_group_id", "group_id", "group__name"):
        index.setdefault(sso_group_id, []).append({"value": str(group_id), "display": name})
    return index
