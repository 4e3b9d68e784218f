"""What names a row of the other side with this one's words: refused, and nothing is changed but the log."""

from __future__ import annotations

from identity.services.provisioning import (
    groups as sso_groups,
)
from identity.services.provisioning import (
    people,
)
from identity.services.provisioning.statements import GroupRecord, StatedMembers
from tests.factories import adding, exactly
from tests.identity.two_idps_cases.deeds import Deed, ada, regroup

STRANGERS: dict[str, Deed] = {
    "a user is changed": lambda mine: people.update_user(
        mine.other.sso_user.scim_id, lambda row: ada(active=False), actor=mine.actor
    ),
    "a user is removed": lambda mine: people.deprovision_user(mine.other.sso_user.scim_id, actor=mine.actor),
    "a group is changed": lambda mine: sso_groups.update_group(
        mine.other.sso_group.scim_id, regroup(exactly()), actor=mine.actor
    ),
    "a group is removed": lambda mine: sso_groups.delete_sso_group(mine.other.sso_group.scim_id, actor=mine.actor),
    "a member is added": lambda mine: sso_groups.update_group(
        mine.sso_group.scim_id, regroup(adding(mine.other.sso_user)), actor=mine.actor
    ),
    "a member is pushed": lambda mine: sso_groups.update_group(
        mine.sso_group.scim_id, regroup(exactly(mine.other.sso_user)), actor=mine.actor
    ),
    "a group with a member is pushed": lambda mine: sso_groups.push_group(
        GroupRecord("New", members=exactly(mine.other.sso_user)), actor=mine.actor
    ),
    "a group with a group is pushed": lambda mine: sso_groups.push_group(
        GroupRecord("New", members=StatedMembers.exactly(frozenset([mine.other.sso_group.scim_id]))), actor=mine.actor
    ),
    "a group with somebody gone is pushed": lambda mine: sso_groups.push_group(
        GroupRecord(
            "New",
            members=StatedMembers.exactly(frozenset([mine.other.leaver.retired_resources.get().scim_id])),
        ),
        actor=mine.actor,
    ),
}
