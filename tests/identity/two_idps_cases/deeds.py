"""What several of the cases say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from identity.models import (
    Membership,
    SSOGroup,
)
from identity.services.provisioning.statements import GroupRecord, PersonRecord, StatedMembers
from tests.factories import person
from tests.identity.two_idps import SUBJECT, Side

Deed = Callable[[Side], object]
Asked = Callable[[Side], tuple[object, object]]


def ada(**said: Any) -> PersonRecord:
    return person("ada", first_name="Ada", last_name="King", external_id=SUBJECT, **said)


def regroup(members: StatedMembers, name: str = "Engineering") -> Callable[[SSOGroup], GroupRecord]:
    return lambda row: GroupRecord(name, row.external_id, members)


def forget_the_groups(side: Side) -> list[Any]:
    Membership.objects.filter(user=side.user).delete()
    return [side.group, side.shared]
