"""SR-10, SR-35 to SR-38: what several do at once ends as if they had taken turns."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from identity.core import totp, webauthn
from identity.core.errors import NotFound, Outdated, Refused, Taken
from identity.models import (
    AuditEvent,
    Conflict,
    Group,
    Membership,
    SSOGroup,
    SSOMembership,
    SSOUser,
    Status,
    User,
)
from identity.services import assets, deletion, invitations, passkeys, second_factors, users
from identity.services.provisioning import conflicts, people
from tests import clock
from tests.authenticator import Authenticator
from tests.factories import (
    OPERATOR,
    PASSWORD,
    adding,
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    idp_actor,
    make_asset,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    members_of,
    person,
    provision,
    push_group,
    removing,
    resend,
    unmap,
)
from tests.passkeys import make_passkey, portal_at
from tests.threads import at_once, kinds

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


def slowly(change: Callable[[], Any], *, comes_first: bool) -> None:
    """A change whose transaction stays open for a while, or that begins while the other's is open."""
    clock.wait(0 if comes_first else 0.2)
    with transaction.atomic():
        change()
        clock.wait(0.4 if comes_first else 0)


def assert_both_sides_agree() -> None:
    """R15: each mapped group has exactly the union of its SSO groups."""
    for group in Group.objects.mapped():
        brought = User.objects.filter(sso_user__sso_groups__mappings__group=group)
        assert members_of(group) == set(brought.values_list("username", flat=True)), group


def test_parallel_posts_of_one_user_name_make_exactly_one() -> None:
    idp = make_idp()
    for number in range(ROUNDS):
        results = at_once(*[lambda name=f"ada{number}": provision(idp, name)] * 4)
        assert kinds(results) == ["SSOUser", "Taken", "Taken", "Taken"]
    assert User.objects.count() == SSOUser.objects.count() == ROUNDS
    assert not Conflict.objects.exists()


def test_parallel_posts_of_one_email_make_one_and_a_conflict() -> None:
    idp = make_idp()
    results = at_once(*[lambda name=name: provision(idp, name, "shared@example.test") for name in ("ada", "grace")])
    assert kinds(results) == ["Conflicted", "SSOUser"]
    assert Conflict.objects.get().reason == Conflict.Reason.ALREADY_LINKED


def test_parallel_posts_by_two_idps_make_one_user() -> None:
    okta, entra = make_idp(), make_idp("Entra")
    results = at_once(lambda: provision(okta), lambda: provision(entra))
    assert kinds(results) == ["Conflicted", "SSOUser"]
    assert User.objects.count() == 1


def test_parallel_adoptions_of_one_account_make_one_record() -> None:
    idp = make_idp()
    make_user("ada")
    results = at_once(*[lambda: provision(idp)] * 3)
    assert kinds(results) == ["SSOUser", "Taken", "Taken"]
    assert AuditEvent.objects.filter(action="user.adopted").count() == 1


def test_a_repeated_conflict_is_one_row_that_counts() -> None:
    idp = make_idp()
    make_user("ada", email="other@example.test")
    assert kinds(at_once(*[lambda: provision(idp)] * 4)) == ["Conflicted"] * 4
    assert Conflict.objects.get().tries == 4


def test_an_invitation_accepted_while_the_idp_provisions_is_one_account() -> None:
    idp = make_idp()
    for number in range(ROUNDS):
        user, secret = invited(f"ada{number}")
        results = at_once(
            lambda name=user.username: provision(idp, name),
            lambda secret=secret: invitations.accept_invitation(secret, password=PASSWORD),
        )
        assert isinstance(results[0], SSOUser)
        assert isinstance(results[1], User | NotFound)
        user.refresh_from_db()
        assert (user.status, user.managed_by) == (Status.ENABLED, idp)


def test_an_invitation_is_accepted_once() -> None:
    _, secret = invited("ada")
    results = at_once(*[lambda: invitations.accept_invitation(secret, password=PASSWORD)] * 3)
    assert kinds(results) == ["NotFound", "NotFound", "User"]


def test_an_invitation_is_accepted_once_by_who_waited_for_the_other_too() -> None:
    """The second has found the link good before the first is done, and is asked again when its turn comes."""
    user, secret = invited("ada")
    first, second = (f"{PASSWORD} {number}" for number in (1, 2))
    results = at_once(
        lambda: slowly(lambda: invitations.accept_invitation(secret, password=first), comes_first=True),
        lambda: slowly(lambda: invitations.accept_invitation(secret, password=second), comes_first=False),
    )
    assert kinds(results) == ["NoneType", "NotFound"]
    user.refresh_from_db()
    assert (user.check_password(first), user.check_password(second)) == (True, False)
    assert AuditEvent.objects.filter(action="user.invitation_accepted").count() == 1


def invited(username: str) -> tuple[User, str]:
    """Somebody invited, and the secret of the link, as the mail would tell it."""
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("identity.services.notices.invite", lambda user, secret: told.append(secret))
        user = invitations.invite_user(username=username, email=f"{username}@example.test", actor=OPERATOR)
    return user, told[0]


def test_a_code_of_the_second_step_lets_one_of_two_browsers_in() -> None:
    mia, secret = make_user("mia", password=PASSWORD), totp.new_secret()
    second_factors.set_up_second_factor(mia, secret=secret, code=totp.code_at(secret, totp.step_now()), actor=OPERATOR)
    code, taken = totp.code_at(secret, totp.step_now() + 1), []

    def use() -> None:
        taken.append(second_factors.use_code(mia, code))

    at_once(lambda: slowly(use, comes_first=True), lambda: slowly(use, comes_first=False))
    assert taken == ["totp", ""]


def test_of_two_devices_with_one_count_one_comes_second() -> None:
    """What one of them signed is sent twice at once, or a copy of it signs the next number as well."""
    mia, challenge, device = make_user("mia", password=PASSWORD), webauthn.new_challenge(), Authenticator(count=1)
    with portal_at():
        passkey = make_passkey(mia, device)
        device.count = 2
        answer = json.dumps(device.sign(passkeys.asking(None, challenge=challenge, alone=True)))

        def use() -> None:
            passkeys.use_passkey(passkey, answer=answer, challenge=challenge, alone=True)

        results = at_once(lambda: slowly(use, comes_first=True), lambda: slowly(use, comes_first=False))
    assert kinds(results) == ["NoneType", "Refused"]
    passkey.refresh_from_db()
    assert passkey.sign_count == 2


def test_two_owners_who_disable_each_other_leave_one() -> None:
    for number in range(ROUNDS):
        User.objects.update(role="member")
        one, two = make_owner(f"one{number}"), make_owner(f"two{number}")
        results = at_once(
            lambda one=one: users.disable_user(one, actor=OPERATOR),
            lambda two=two: users.disable_user(two, actor=OPERATOR),
        )
        assert kinds(results) == ["Refused", "User"]
        assert User.objects.enabled_owners().count() == 1


def test_the_last_owners_demotion_and_disabling_leave_one() -> None:
    one, two = make_owner("one"), make_owner("two")
    results = at_once(
        lambda: users.change_role(one, "member", actor=OPERATOR),
        lambda: users.disable_user(two, actor=OPERATOR),
    )
    assert kinds(results) == ["Refused", "User"]
    assert User.objects.enabled_owners().count() == 1


def test_parallel_additions_lose_nobody() -> None:
    idp = make_idp()
    sso_users = [provision(idp, f"user{number}") for number in range(12)]
    sso_group, group = push_group(idp), make_group()
    map_group(sso_group, group)
    parts = [sso_users[start::4] for start in range(4)]
    at_once(*[lambda part=part: change_members(sso_group, adding(*part)) for part in parts])
    assert sso_group.members.count() == group.members.count() == 12
    assert SSOGroup.objects.get().version == 5


def test_parallel_pushes_through_two_sso_groups_agree_with_the_union() -> None:
    idp = make_idp()
    sso_users = [provision(idp, f"user{number}") for number in range(6)]
    one, two, group = push_group(idp, "One", *sso_users), push_group(idp, "Two", *sso_users), make_group()
    map_group(one, group)
    map_group(two, group)
    for _ in range(ROUNDS):
        at_once(
            lambda: change_members(one, removing(*sso_users[:4])),
            lambda: change_members(two, exactly(*sso_users[3:])),
            lambda: change_members(one, adding(*sso_users[:2])),
            lambda: change_members(two, adding(*sso_users)),
        )
        assert_both_sides_agree()


def test_a_deleted_user_is_nowhere_although_pushes_still_name_it() -> None:
    idp = make_idp()
    one, two, group = push_group(idp, "One"), push_group(idp, "Two"), make_group()
    map_group(one, group)
    map_group(two, group)
    for number in range(ROUNDS * 2):
        ada = provision(idp, f"ada{number}")
        change_members(two, adding(ada))
        results = at_once(
            lambda ada=ada: deprovision(ada),
            lambda ada=ada: change_members(one, adding(ada)),
            lambda ada=ada: change_members(two, adding(ada)),
        )
        assert kinds(results) == ["NoneType", "SSOGroup", "SSOGroup"]
        assert_both_sides_agree()
    assert not SSOMembership.objects.exists()
    assert not Membership.objects.exists()


def test_mapping_and_pushing_at_once_agree() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    for number in range(ROUNDS):
        sso_group, group = push_group(idp, f"Group {number}", ada), make_group(f"Builders {number}")
        results = at_once(
            lambda one=sso_group, two=group: map_group(one, two),
            lambda one=sso_group: change_members(one, exactly(grace)),
        )
        assert isinstance(results[0], Outdated) or group.mappings.exists()
        assert_both_sides_agree()


def test_unmapping_and_deleting_the_sso_group_at_once_is_one_or_the_other() -> None:
    idp = make_idp()
    ada = provision(idp)
    for number in range(ROUNDS):
        sso_group, group = push_group(idp, f"Group {number}", ada), make_group(f"Builders {number}")
        mapping = map_group(sso_group, group)
        results = at_once(lambda mapping=mapping: unmap(mapping), lambda one=sso_group: delete_sso_group(one))
        assert results[1] is None
        unmapped_first = results[0] is None
        assert members_of(group) == ({"ada"} if unmapped_first else set())
        events = AuditEvent.objects.filter(group_id=group.pk, action="group_mapping.deleted")
        assert events.exists() is unmapped_first, "the audit log says which came first (SR-38)"


def test_an_administrator_and_the_idp_change_one_person_at_once() -> None:
    idp = make_idp()
    sso_user = provision(idp)
    User.objects.filter(pk=sso_user.user_id).update(managed_by=None)  # released: an administrator may, too
    for number in range(ROUNDS):
        at_once(
            lambda: users.disable_user(sso_user.user, actor=OPERATOR),
            lambda name=f"Ada {number}": resend(sso_user, first_name=name, active=True),
            lambda: users.enable_user(sso_user.user, actor=OPERATOR),
        )
    assert User.objects.get().first_name == f"Ada {ROUNDS - 1}"


def test_two_patches_of_one_person_lose_nothing() -> None:
    idp = make_idp()
    sso_user = provision(idp)

    def patch(name: str) -> SSOUser:
        def change(row: SSOUser) -> Any:
            record = person()
            attributes = {**row.attributes, name: "set"}
            return type(record)(user_name="ada", email=record.email, attributes=attributes)

        return people.update_user(sso_user.scim_id, change, actor=idp_actor(idp))

    at_once(*[lambda name=name: patch(name) for name in ("title", "nickName", "locale")])
    stored = SSOUser.objects.get()
    assert {"title", "nickName", "locale"} <= stored.attributes.keys()
    assert stored.version == 4


def test_deciding_a_conflict_while_the_idp_tries_again() -> None:
    idp = make_idp()
    make_user("ada", email="other@example.test")
    with pytest.raises(Taken):
        provision(idp)
    conflict = Conflict.objects.get()
    results = at_once(
        lambda: conflicts.link_conflict(conflict, actor=OPERATOR),
        lambda: provision(idp),
    )
    assert not isinstance(results[0], Refused)
    state = Conflict.objects.get().state
    assert state == (Conflict.State.RESOLVED if isinstance(results[1], SSOUser) else Conflict.State.APPROVED)


@pytest.mark.parametrize("deletion_comes_first", [True, False])
def test_r10_of_two_owners_one_is_deleted_while_the_other_leaves(deletion_comes_first: bool) -> None:
    leo, mia = make_user("leo", status=Status.DISABLED), make_user()
    asset = make_asset(leo)
    assets.add_owner(asset, mia, actor=OPERATOR)

    def delete() -> None:
        deletion.delete_permanently(leo, typed_username="leo", reason="left", actor=OPERATOR)

    at_once(
        lambda: slowly(delete, comes_first=deletion_comes_first),
        lambda: slowly(lambda: assets.remove_owner(asset, mia, actor=OPERATOR), comes_first=not deletion_comes_first),
    )
    assert asset.ownerships.count() == 1


@pytest.mark.parametrize("deletion_comes_first", [True, False])
def test_r10_nobody_is_left_with_an_asset_that_was_given_while_they_were_deleted(deletion_comes_first: bool) -> None:
    leo, mia = make_user("leo", status=Status.DISABLED), make_user()
    asset = make_asset(mia)

    def delete() -> None:
        deletion.delete_permanently(leo, typed_username="leo", reason="left", actor=OPERATOR)

    _, given = at_once(
        lambda: slowly(delete, comes_first=deletion_comes_first),
        lambda: slowly(lambda: assets.add_owner(asset, leo, actor=OPERATOR), comes_first=not deletion_comes_first),
    )
    assert type(given) is (NotFound if deletion_comes_first else Refused)  # nobody disabled is given one
    assert list(asset.owners.all()) == [mia]
