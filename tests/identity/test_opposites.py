"""SR-36: what is done and undone at the same moment ends as one after the other would, in either order, many times."""

from __future__ import annotations

import pytest

from identity.core.actors import Person
from identity.core.errors import GatehouseError, NotFound, Refused
from identity.models import (
    DeletionRecord,
    GroupMapping,
    Membership,
    Role,
    SSOIdentity,
    SSOMembership,
    SSOUser,
    Status,
    User,
)
from identity.services import deletion, groups, scim_tokens, users
from identity.services.sign_in import login
from tests.clients import idp_of
from tests.factories import (
    OPERATOR,
    adding,
    change_members,
    connect,
    delete_sso_group,
    deprovision,
    make_administrator,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    removing,
    unmap,
)
from tests.identity.assertions import says
from tests.threads import at_once, kinds

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12


def test_a_first_sign_in_and_the_push_of_that_person_are_one_account() -> None:
    connection = connect()
    idp = connection.identity_provider
    for number in range(ROUNDS):
        name, subject = f"ada{number}", f"00u{number}"
        signed_in, pushed = at_once(
            lambda name=name, subject=subject: login.sign_in(connection, says(subject, name)),
            lambda name=name, subject=subject: provision(idp, name, external_id=subject),
        )
        assert isinstance(pushed, SSOUser)
        assert isinstance(signed_in, Refused) or signed_in.pk == pushed.user_id
        assert login.sign_in(connection, says(subject, name)).pk == pushed.user_id
    assert User.objects.count() == SSOIdentity.objects.count() == ROUNDS


def test_a_member_who_is_added_and_removed_is_one_of_both_on_both_sides() -> None:
    idp = make_idp()
    ada = provision(idp)
    sso_group, group = push_group(idp, "Engineering"), make_group()
    map_group(sso_group, group)
    for _ in range(ROUNDS):
        at_once(
            lambda: change_members(sso_group, adding(ada)),
            lambda: change_members(sso_group, removing(ada)),
        )
        is_member = SSOMembership.objects.filter(sso_user=ada).exists()
        assert members_of(group) == ({"ada"} if is_member else set())


def test_a_group_that_is_deleted_while_people_are_added_keeps_nobody() -> None:
    mia = make_user("mia")
    for number in range(ROUNDS):
        group = make_group(f"Builders {number}")
        deleted, added = at_once(
            lambda group=group: groups.delete_group(group, actor=OPERATOR),
            lambda group=group: groups.add_members(group, [mia], actor=OPERATOR),
        )
        assert deleted is None
        assert added == 1 or isinstance(added, NotFound)
    assert not Membership.objects.exists()


def test_a_mapping_and_its_sso_group_that_go_at_once_leave_no_mapping() -> None:
    idp = make_idp()
    ada = provision(idp)
    for number in range(ROUNDS):
        sso_group, group = push_group(idp, f"Group {number}", ada), make_group(f"Builders {number}")
        mapping = map_group(sso_group, group)
        at_once(lambda mapping=mapping: unmap(mapping), lambda one=sso_group: delete_sso_group(one))
    assert not GroupMapping.objects.exists()


def test_of_two_administrators_who_disable_each_other_one_is_left() -> None:
    for number in range(ROUNDS):
        ann, bob = make_administrator(f"ann{number}"), make_administrator(f"bob{number}")
        at_once(
            lambda ann=ann, bob=bob: users.disable_user(bob, actor=Person(ann)),
            lambda ann=ann, bob=bob: users.disable_user(ann, actor=Person(bob)),
        )
        assert User.objects.filter(pk__in=[ann.pk, bob.pk], status=Status.ENABLED).count() == 1


def test_of_two_owners_who_demote_each_other_one_stays_owner() -> None:
    make_owner()
    for number in range(ROUNDS):
        ann, bob = make_owner(f"ann{number}"), make_owner(f"bob{number}")
        at_once(
            lambda ann=ann, bob=bob: users.change_role(bob, Role.MEMBER, actor=Person(ann)),
            lambda ann=ann, bob=bob: users.change_role(ann, Role.MEMBER, actor=Person(bob)),
        )
        assert User.objects.filter(pk__in=[ann.pk, bob.pk], role=Role.OWNER).count() == 1


def test_somebody_who_is_deleted_for_good_while_they_come_back_is_one_of_both() -> None:
    idp = make_idp()
    for number in range(ROUNDS):
        name = f"ada{number}"
        sso_user = provision(idp, name)
        deprovision(sso_user)
        user = User.objects.get(username=name)
        deleted, back = at_once(
            lambda user=user, name=name: deletion.delete_permanently(
                user, typed_username=name, reason="left", actor=OPERATOR
            ),
            lambda name=name: provision(idp, name),
        )
        left = User.objects.filter(username=name)
        assert left.count() == 1, "the push made a new person, or brought the old one back"
        if isinstance(deleted, GatehouseError):
            assert left.get().pk == user.pk
            assert left.get().status == Status.ENABLED
        else:
            assert isinstance(back, SSOUser)
    assert DeletionRecord.objects.count() <= ROUNDS


def test_a_token_that_is_revoked_lets_nothing_in_afterwards() -> None:
    for number in range(ROUNDS):
        idp = idp_of(make_idp(f"IdP {number}"))
        assert idp.provider
        token = idp.provider.scim_tokens.get()
        revoked, answer = at_once(
            lambda token=token: scim_tokens.revoke_token(token, actor=OPERATOR),
            lambda idp=idp, number=number: idp.post("/Users", {"userName": f"ada{number}", "schemas": []}).status_code,
        )
        assert revoked is None
        assert kinds([answer]) == ["int"]
        was_let_in = User.objects.filter(username=f"ada{number}").exists()
        assert (answer == 201) is was_let_in
        assert idp.get("/Users").status_code == 401
