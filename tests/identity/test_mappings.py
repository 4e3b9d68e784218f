"""R15, R17, R18: mapping shows who moves, then moves exactly these, or nobody."""

import pytest

from identity.core.actors import Person
from identity.core.errors import NotFound, Outdated, Refused, Taken
from identity.models import AuditEvent, GroupMapping, Membership, MembershipChange, SSOGroup
from identity.services import groups, mappings
from tests.factories import (
    OPERATOR,
    adding,
    administrator,
    change_members,
    exactly,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
    unmap,
)

pytestmark = pytest.mark.django_db


def names(users: object) -> set[str]:
    return {user.username for user in users}


def test_a_preview_names_and_counts_who_moves_and_moves_nobody() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    sso_group, group = push_group(idp, "Engineering", ada, grace), make_group("Builders", make_user(), ada.user)
    preview = mappings.preview_mapping(sso_group, group)
    assert (names(preview.joins), names(preview.leaves), preview.stays) == ({"grace"}, {"mia"}, 1)
    assert members_of(group) == {"ada", "mia"}


def test_applying_moves_exactly_these() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group("Builders", make_user())
    actor = administrator()
    mapping = mappings.apply_mapping(
        sso_group, group, fingerprint=mappings.preview_mapping(sso_group, group).fingerprint, actor=actor
    )
    assert members_of(group) == {"ada"}
    assert mapping.created_by == actor.user
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.group_id, event.sso_group_id) == (
        "group_mapping.created",
        group.pk,
        sso_group.pk,
    )
    assert event.details["joined"] == 1
    assert len(event.details["left"]) == 1


def test_what_has_changed_since_the_preview_is_refused() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp), make_group()
    seen = mappings.preview_mapping(sso_group, group).fingerprint
    change_members(sso_group, adding(provision(idp)))
    with pytest.raises(Outdated):
        mappings.apply_mapping(sso_group, group, fingerprint=seen, actor=OPERATOR)
    assert not GroupMapping.objects.exists()
    assert members_of(group) == set()


def test_a_pair_is_mapped_once() -> None:
    sso_group, group = push_group(make_idp()), make_group()
    map_group(sso_group, group)
    with pytest.raises(Taken):
        map_group(sso_group, group)


def test_who_stays_neither_leaves_nor_joins() -> None:
    """A whole push, another mapping and the end of one move those alone who move."""
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    one, two, group = push_group(idp, "One", ada), push_group(idp, "Two", ada), make_group()
    map_group(one, group)
    stays = Membership.objects.filter(user=ada.user)
    before = list(stays.values())
    change_members(one, exactly(ada))
    change_members(one, exactly(ada, grace))
    mapping = map_group(two, group)
    unmap(mapping)
    change_members(one, exactly(ada))
    assert list(stays.values()) == before
    moves = MembershipChange.objects.order_by("pk").values_list("user_id", "joined")
    assert list(moves) == [(ada.user_id, True), (grace.user_id, True), (grace.user_id, False)]


def test_the_last_mapping_deleted_keeps_everybody() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    mapping = map_group(sso_group, group)
    preview = mappings.preview_unmapping(mapping)
    assert (names(preview.joins), names(preview.leaves), preview.stays) == (set(), set(), 1)
    unmap(mapping)
    assert members_of(group) == {"ada"}
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.details["mapping"]) == ("group_mapping.deleted", mapping.pk)


def test_one_of_several_mappings_deleted_takes_along_whom_only_it_brought() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    group = make_group()
    map_group(push_group(idp, "One", ada), group)
    two = map_group(push_group(idp, "Two", ada, grace), group)
    preview = mappings.preview_unmapping(two)
    assert (names(preview.leaves), preview.stays) == ({"grace"}, 1)
    unmap(two)
    assert members_of(group) == {"ada"}


def test_unmapping_refuses_what_has_changed_since_the_preview() -> None:
    idp = make_idp()
    group = make_group()
    map_group(push_group(idp, "One"), group)
    two = push_group(idp, "Two")
    mapping = map_group(two, group)
    seen = mappings.preview_unmapping(mapping).fingerprint
    change_members(two, adding(provision(idp)))
    with pytest.raises(Outdated):
        mappings.delete_mapping(mapping, fingerprint=seen, actor=OPERATOR)
    assert group.mappings.count() == 2


def test_a_mapping_that_is_gone_is_said_to_be() -> None:
    mapping = map_group(push_group(make_idp()), make_group())
    seen = mappings.preview_unmapping(mapping).fingerprint
    unmap(mapping)
    with pytest.raises(NotFound, match="This group mapping no longer exists"):
        mappings.delete_mapping(mapping, fingerprint=seen, actor=OPERATOR)


def test_with_scim_off_a_mapping_moves_nobody_yet() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group("Builders", make_user())
    set_mode(scim=False)
    preview = mappings.preview_mapping(sso_group, group)
    assert (names(preview.joins), names(preview.leaves), preview.stays) == (set(), set(), 1)
    map_group(sso_group, group)
    assert members_of(group) == {"mia"}
    set_mode(follow_idp=True)
    assert members_of(group) == {"ada"}


def test_a_portal_group_deleted_takes_its_mappings_along() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    map_group(sso_group, group)
    groups.delete_group(group, actor=administrator())
    assert not GroupMapping.objects.exists()
    assert SSOGroup.objects.get().members.count() == 1
    again = make_group()
    map_group(sso_group, again)
    assert members_of(again) == {"ada"}


def test_a_member_maps_nothing() -> None:
    sso_group, group = push_group(make_idp()), make_group()
    seen = mappings.preview_mapping(sso_group, group).fingerprint
    with pytest.raises(Refused):
        mappings.apply_mapping(sso_group, group, fingerprint=seen, actor=Person(make_user()))
    mapping = map_group(sso_group, group)
    with pytest.raises(Refused):
        mappings.delete_mapping(mapping, fingerprint=seen, actor=Person(make_user("max")))
