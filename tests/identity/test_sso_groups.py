"""R14-R17, R19, R20: what an IdP's pushes of groups do on both sides."""

import uuid

import pytest

from identity.core.errors import InvalidValue, NotFound, Refused, Taken, VersionMismatch
from identity.models import (
    AuditEvent,
    Group,
    GroupMapping,
    Membership,
    ProvisioningLog,
    RetiredResource,
    SSOGroup,
    SSOMembership,
    SSOUser,
)
from identity.services import groups, mappings
from identity.services.provisioning import groups as sso_groups
from identity.services.provisioning.statements import GroupRecord, StatedMembers
from tests.factories import (
    OPERATOR,
    adding,
    administrator,
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    idp_actor,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    removing,
    rename_sso_group,
    set_mode,
    unmap,
)
from tests.statements import Most, same_for

pytestmark = pytest.mark.django_db


def pushed(sso_group: SSOGroup) -> set[str]:
    return set(sso_group.members.values_list("user_name", flat=True))


def test_an_unmapped_group_moves_nobody_in_the_portal() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp))
    assert pushed(sso_group) == {"ada"}
    assert not Group.objects.exists()
    assert not Membership.objects.exists()
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.sso_group_id) == ("sso_group.pushed", sso_group.pk)
    row = ProvisioningLog.objects.latest("id")
    assert (row.status, row.summary) == (201, "Pushed group Engineering: 1 added.")


def test_a_name_is_unique_within_its_idp() -> None:
    idp = make_idp()
    push_group(idp, "Engineering")
    with pytest.raises(Taken, match="displayName ENGINEERING belongs to another group"):
        push_group(idp, "ENGINEERING")
    assert push_group(make_idp("Entra"), "Engineering")


def test_members_are_added_and_removed_on_both_sides() -> None:
    idp = make_idp()
    ada, grace, joan = (provision(idp, name) for name in ("ada", "grace", "joan"))
    sso_group, group = push_group(idp, "Engineering", ada), make_group()
    map_group(sso_group, group)
    change_members(sso_group, adding(grace, joan))
    assert pushed(sso_group) == members_of(group) == {"ada", "grace", "joan"}
    change_members(sso_group, removing(ada))
    assert pushed(sso_group) == members_of(group) == {"grace", "joan"}
    change_members(sso_group, exactly(ada, joan))
    assert pushed(sso_group) == members_of(group) == {"ada", "joan"}
    change_members(sso_group, exactly())
    assert pushed(sso_group) == members_of(group) == set()
    row = ProvisioningLog.objects.latest("id")
    assert row.summary == "Changed the members of Engineering: 2 removed, 2 left portal groups."


def test_what_is_there_already_changes_nothing() -> None:
    idp = make_idp()
    ada = provision(idp)
    sso_group = push_group(idp, "Engineering", ada)
    events = AuditEvent.objects.count()
    for members in (adding(ada), removing(provision(idp, "grace")), exactly(ada), StatedMembers()):
        assert change_members(sso_group, members).version == 1
    assert AuditEvent.objects.count() == events + 1  # of grace's provisioning
    assert ProvisioningLog.objects.latest("id").outcome == "unchanged"


def test_a_mapped_group_has_the_union_of_its_sso_groups() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    one, two = push_group(idp, "One", ada, grace), push_group(idp, "Two", grace)
    group = make_group()
    map_group(one, group)
    map_group(two, group)
    change_members(one, removing(ada, grace))
    assert members_of(group) == {"grace"}
    change_members(two, exactly(ada))
    assert members_of(group) == {"ada"}


def test_one_sso_group_feeds_several_portal_groups() -> None:
    idp = make_idp()
    ada = provision(idp)
    sso_group, one, two = push_group(idp), make_group("One"), make_group("Two")
    map_group(sso_group, one)
    map_group(sso_group, two)
    change_members(sso_group, adding(ada))
    assert members_of(one) == members_of(two) == {"ada"}


def test_a_stranger_among_the_members_refuses_the_whole_request() -> None:
    idp = make_idp()
    ada, theirs = provision(idp), provision(make_idp("Entra"), "grace")
    sso_group = push_group(idp)
    for stranger in (theirs.scim_id, uuid.uuid4()):
        with pytest.raises(InvalidValue, match=f"members names {stranger}, which is no user") as refusal:
            change_members(sso_group, StatedMembers().adding(frozenset({ada.scim_id, stranger})))
        assert refusal.value.attribute == "members"
        with pytest.raises(InvalidValue):
            change_members(sso_group, StatedMembers.exactly(frozenset({stranger})))
    assert not SSOMembership.objects.exists()


def nested(*groups: SSOGroup, people: tuple[SSOUser, ...] = ()) -> StatedMembers:
    return StatedMembers.exactly(frozenset(one.scim_id for one in (*groups, *people)))


def test_a_group_among_the_members_is_skipped_logged_and_counted() -> None:
    idp = make_idp()
    ada, inner = provision(idp), push_group(idp, "Inner")
    outer = sso_groups.push_group(GroupRecord("Outer", members=nested(inner, people=(ada,))), actor=idp_actor(idp))
    assert pushed(outer) == {"ada"}
    assert outer.number_of_nested_groups == 1
    row = ProvisioningLog.objects.latest("id")
    assert (row.outcome, row.details) == ("partly", {"added": 1, "nested": 1})
    assert "1 are groups and were skipped" in row.summary


def test_nested_groups_are_counted_as_they_come_and_go() -> None:
    idp = make_idp()
    ada, one, two = provision(idp), push_group(idp, "One"), push_group(idp, "Two")
    outer = push_group(idp, "Outer", ada)
    steps: list[tuple[StatedMembers, int]] = [
        (StatedMembers().adding(frozenset({one.scim_id})), 1),
        (StatedMembers().adding(frozenset({one.scim_id, two.scim_id})), 2),
        (StatedMembers().removing(frozenset({one.scim_id})), 1),
        (StatedMembers().adding(frozenset(), frozenset({"not even an id"})), 2),
        (StatedMembers().removing(frozenset(), frozenset({"not even an id"})), 1),
        (adding(ada), 1),
        (nested(one, two, people=(ada,)), 2),
        (StatedMembers().adding(frozenset({one.scim_id})).removing(frozenset({one.scim_id, two.scim_id})), 0),
        (nested(one, people=(ada,)), 1),
        (exactly(ada), 0),
    ]
    for members, count in steps:
        version = change_members(outer, members).version
        assert SSOGroup.objects.get(pk=outer.pk).number_of_nested_groups == count
        assert version == 1  # members as the IdP reads them are the same
        assert pushed(outer) == {"ada"}


def test_an_idp_can_be_set_to_refuse_nested_groups() -> None:
    idp = make_idp(refuses_nested_groups=True)
    ada, inner = provision(idp), push_group(idp, "Inner")
    with pytest.raises(InvalidValue, match="groups can't be members of groups"):
        sso_groups.push_group(GroupRecord("Outer", members=nested(inner, people=(ada,))), actor=idp_actor(idp))
    assert not SSOGroup.objects.filter(display_name="Outer").exists()
    outer = push_group(idp, "Outer", ada)
    change_members(outer, StatedMembers().removing(frozenset({inner.scim_id})))
    assert pushed(outer) == {"ada"}


def test_a_nested_group_that_is_gone_is_skipped_like_a_person_who_is() -> None:
    idp = make_idp()
    inner = push_group(idp, "Inner")
    delete_sso_group(inner)
    outer = sso_groups.push_group(GroupRecord("Outer", members=nested(inner)), actor=idp_actor(idp))
    assert outer.number_of_nested_groups == 0
    assert ProvisioningLog.objects.latest("id").details == {"skipped": 1}


def test_another_idps_group_is_a_stranger() -> None:
    theirs = push_group(make_idp("Entra"), "Inner")
    with pytest.raises(InvalidValue, match="which is no user of this identity provider"):
        sso_groups.push_group(GroupRecord("Outer", members=nested(theirs)), actor=idp_actor(make_idp()))


def test_a_member_that_is_gone_is_skipped_logged_and_counted() -> None:
    idp = make_idp()
    ada, gone = provision(idp), provision(idp, "grace")
    deprovision(gone)
    sso_group = push_group(idp, "Engineering", ada, gone)
    assert pushed(sso_group) == {"ada"}
    row = ProvisioningLog.objects.latest("id")
    assert (row.outcome, row.details) == ("partly", {"added": 1, "skipped": 1})
    assert row.summary == "Pushed group Engineering: 1 added, 1 no longer exist and were skipped."


def test_removing_whom_nobody_knows_removes_nobody() -> None:
    idp = make_idp()
    sso_group = push_group(idp, "Engineering", provision(idp))
    change_members(sso_group, StatedMembers().removing(frozenset({uuid.uuid4()})))
    change_members(sso_group, StatedMembers().removing(frozenset()))
    assert pushed(sso_group) == {"ada"}


def test_a_rename_keeps_the_mapping() -> None:
    idp = make_idp()
    ada = provision(idp)
    sso_group, group = push_group(idp, "Engineering", ada), make_group()
    map_group(sso_group, group)
    assert rename_sso_group(sso_group, "Builders of things").version == 2
    assert GroupMapping.objects.get().sso_group.display_name == "Builders of things"
    assert members_of(group) == {"ada"}
    groups.edit_group(group, name="Makers", description="", actor=OPERATOR)
    change_members(sso_group, exactly())
    assert members_of(group) == set()


def test_a_rename_onto_another_groups_name_is_refused() -> None:
    idp = make_idp()
    push_group(idp, "Sales")
    sso_groups.declare_sso_group(idp, name="Legal", actor=OPERATOR)
    sso_group = push_group(idp, "Engineering")
    for name in ("sales", "LEGAL"):
        with pytest.raises(Taken):
            rename_sso_group(sso_group, name)
    assert rename_sso_group(sso_group, "ENGINEERING").display_name == "ENGINEERING"


def test_a_deleted_sso_group_empties_the_portal_group_and_leaves_it() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    map_group(sso_group, group)
    delete_sso_group(sso_group)
    assert Group.objects.get() == group
    assert members_of(group) == set()
    assert not GroupMapping.objects.exists()
    assert RetiredResource.objects.get().scim_id == sso_group.scim_id
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.sso_group_id) == ("sso_group.deleted", sso_group.pk)
    with pytest.raises(NotFound):
        delete_sso_group(sso_group)


def test_of_several_sso_groups_the_deleted_one_takes_along_whom_only_it_brought() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    one, two, group = push_group(idp, "One", ada, grace), push_group(idp, "Two", grace), make_group()
    map_group(one, group)
    map_group(two, group)
    delete_sso_group(one)
    assert members_of(group) == {"grace"}
    assert GroupMapping.objects.get().sso_group == two


def test_deleting_the_last_mapping_first_keeps_the_members() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    unmap(map_group(sso_group, group))
    delete_sso_group(sso_group)
    assert members_of(group) == {"ada"}


def test_an_sso_group_feeding_two_groups_empties_only_what_it_fed_alone() -> None:
    idp = make_idp()
    ada = provision(idp)
    one, two = push_group(idp, "One", ada), push_group(idp, "Two", ada)
    alone, shared = make_group("Alone"), make_group("Shared")
    map_group(one, alone)
    map_group(one, shared)
    map_group(two, shared)
    delete_sso_group(one)
    assert (members_of(alone), members_of(shared)) == (set(), {"ada"})


def test_a_declared_group_waits_for_the_idp() -> None:
    idp = make_idp()
    declared = sso_groups.declare_sso_group(idp, name="Engineering", actor=administrator())
    group = make_group()
    map_group(declared, group)
    assert not SSOGroup.objects.of(idp.pk).exists()
    with pytest.raises(NotFound):
        change_members(declared, exactly())
    bound = push_group(idp, "ENGINEERING", provision(idp))
    assert (bound.pk, bound.scim_id, bound.display_name) == (declared.pk, declared.scim_id, "ENGINEERING")
    assert members_of(group) == {"ada"}


def test_a_declared_name_is_unique_too() -> None:
    idp = make_idp()
    sso_groups.declare_sso_group(idp, name="Engineering", actor=OPERATOR)
    push_group(idp, "Sales")
    for name in ("engineering", "SALES"):
        with pytest.raises(Taken):
            sso_groups.declare_sso_group(idp, name=name, actor=OPERATOR)


def test_a_declaration_is_withdrawn_only_before_the_push() -> None:
    idp = make_idp()
    declared = sso_groups.declare_sso_group(idp, name="Engineering", actor=OPERATOR)
    sso_groups.withdraw_declaration(declared, actor=administrator())
    assert not SSOGroup.objects.exists()
    with pytest.raises(Refused) as refusal:
        sso_groups.withdraw_declaration(push_group(idp), actor=OPERATOR)
    assert refusal.value.code == "pushed"


def test_another_idps_group_does_not_exist() -> None:
    sso_group = push_group(make_idp())
    stranger = idp_actor(make_idp("Entra"))
    with pytest.raises(NotFound):
        sso_groups.delete_sso_group(sso_group.scim_id, actor=stranger)
    with pytest.raises(NotFound):
        sso_groups.update_group(sso_group.scim_id, lambda row: GroupRecord("Mine"), actor=stranger)


def test_a_version_that_has_moved_on_is_refused() -> None:
    sso_group = push_group(make_idp())
    actor = idp_actor(sso_group.identity_provider)
    with pytest.raises(VersionMismatch):
        sso_groups.delete_sso_group(sso_group.scim_id, actor=actor, version=lambda now: now == 7)


@pytest.mark.parametrize("name", ["", "a\x00", "x" * 256])
def test_a_name_that_cannot_be_taken_is_refused(name: str) -> None:
    idp = make_idp()
    with pytest.raises(InvalidValue, match=r"^displayName "):
        push_group(idp, name)


@pytest.mark.parametrize("way", ["a whole push", "naming the person again"])
def test_after_scim_was_off_the_next_push_puts_the_portal_right(way: str) -> None:
    """R21: kept "until the IdP sends again", also where the IdP's own view has not changed."""
    idp = make_idp()
    ada = provision(idp)
    sso_group, group = push_group(idp, "Engineering", ada), make_group()
    map_group(sso_group, group)
    set_mode(scim=False)
    groups.remove_members(group, [ada.user], actor=administrator())
    if way == "a whole push":
        groups.add_members(group, [make_user("extra")], actor=administrator())
    set_mode()
    answer = change_members(sso_group, exactly(ada) if way == "a whole push" else adding(ada))
    assert members_of(group) == {"ada"}
    assert answer.version == 1
    assert AuditEvent.objects.latest("id").action == "sso_group.updated"


def test_a_big_push_is_a_fixed_number_of_statements() -> None:
    idp = make_idp()
    few = [provision(idp, f"user{number}") for number in range(3)]
    many = [provision(idp, f"user{number}") for number in range(3, 40)]
    sso_group, group = push_group(idp), make_group()
    map_group(sso_group, group)
    assert sso_group.identity_provider == idp  # looked up here, not while statements are counted
    same_for(lambda some: change_members(sso_group, adding(*some)), few, many, Most.CHANGE)
    assert group.members.count() == 40


def test_previewed_people_are_the_ones_who_move() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group("Builders", make_user())
    preview = mappings.preview_mapping(sso_group, group)
    assert set(preview.joins.values_list("username", flat=True)) == {"ada"}
    assert set(preview.leaves.values_list("username", flat=True)) == {"mia"}
