"""Portal groups and the members that administrators give them."""

import pytest

from identity.core.actors import Person
from identity.core.errors import InvalidValue, NotFound, Refused, Taken
from identity.models import AuditEvent, Group, Membership
from identity.services import groups
from tests.factories import (
    OPERATOR,
    administrator,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    push_group,
    set_mode,
)
from tests.statements import FEW, MANY, Most, same_for

pytestmark = pytest.mark.django_db


def test_a_group_is_made_and_described() -> None:
    group = groups.create_group(name=" Builders ", description=" They build ", actor=administrator())
    assert (group.name, group.name_key, group.description) == ("Builders", "builders", "They build")
    assert AuditEvent.objects.latest("id").action == "group.created"
    groups.edit_group(group, name="Makers", description="", actor=administrator())
    assert Group.objects.get().name == "Makers"
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.details) == ("group.edited", {"name": {"from": "Builders", "to": "Makers"}})


def test_a_group_name_is_unique() -> None:
    make_group()
    other = make_group("Makers")
    with pytest.raises(Taken):
        groups.create_group(name="BUILDERS", actor=OPERATOR)
    with pytest.raises(Taken):
        groups.edit_group(other, name="builders", description="", actor=OPERATOR)
    assert groups.edit_group(other, name="MAKERS", description="", actor=OPERATOR).name == "MAKERS"


@pytest.mark.parametrize(("name", "description"), [("", ""), ("x" * 256, ""), ("a\x00", ""), ("ok", "x" * 501)])
def test_what_no_column_holds_is_refused(name: str, description: str) -> None:
    with pytest.raises(InvalidValue):
        groups.create_group(name=name, description=description, actor=OPERATOR)


def test_members_come_and_go_and_each_leaves_an_event() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    group, actor = make_group("Builders", mia), administrator()
    assert groups.add_members(group, [mia, max_, max_], actor=actor) == 1
    assert Membership.objects.get(user=max_).added_by == actor.user
    assert groups.remove_members(group, [mia, make_user("moe")], actor=actor) == 1
    assert members_of(group) == {"max"}
    events = AuditEvent.objects.filter(group_id=group.pk).order_by("-id")[:2]
    assert [(event.action, event.user_id, event.actor_id) for event in events] == [
        ("membership.removed", mia.pk, actor.id),
        ("membership.added", max_.pk, actor.id),
    ]


def test_the_cost_does_not_depend_on_how_many_are_moved() -> None:
    group, users = make_group(), [make_user(f"user{number}") for number in range(FEW + MANY)]
    few, many = users[:FEW], users[FEW:]
    same_for(lambda people: groups.add_members(group, people, actor=OPERATOR), few, many, Most.CHANGE)
    assert group.members.count() == FEW + MANY


def test_a_mapped_group_is_the_idps_while_scim_is_on() -> None:
    mia, group = make_user(), make_group()
    map_group(push_group(make_idp()), group)
    for change in (groups.add_members, groups.remove_members):
        with pytest.raises(Refused) as refusal:
            change(group, [mia], actor=administrator())
        assert refusal.value.code == "change_members.scim_on_sso_optional"
    set_mode(scim=False)
    groups.add_members(group, [mia], actor=administrator())
    assert members_of(group) == {"mia"}


def test_a_group_that_is_gone_takes_nobody() -> None:
    group = make_group()
    groups.delete_group(group, actor=administrator())
    with pytest.raises(NotFound, match="This group no longer exists"):
        groups.add_members(group, [make_user()], actor=administrator())


def test_a_member_manages_no_groups() -> None:
    actor, group = Person(make_user()), make_group()
    with pytest.raises(Refused):
        groups.create_group(name="Mine", actor=actor)
    with pytest.raises(Refused):
        groups.edit_group(group, name="Mine", description="", actor=actor)
    with pytest.raises(Refused):
        groups.delete_group(group, actor=actor)
    with pytest.raises(Refused):
        groups.add_members(group, [actor.user], actor=actor)
    with pytest.raises(Refused):
        groups.remove_members(group, [actor.user], actor=actor)
