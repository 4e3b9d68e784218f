"""R9: people who come back under another userName and the same externalId: renamed at the IdP while unassigned."""

from typing import Any

import pytest

from identity.core.errors import Refused, Taken
from identity.models import (
    AuditEvent,
    Conflict,
    IdentityProvider,
    ProvisioningLog,
    RetiredResource,
    Role,
    SSOUser,
    Status,
    User,
)
from identity.services import identity_providers, users
from identity.services.provisioning import conflicts
from tests.factories import (
    OPERATOR,
    administrator,
    conflict_over,
    deprovision,
    make_asset,
    make_group,
    make_idp,
    make_user,
    members_of,
    owner,
    provision,
    push_group,
    resend,
    set_mode,
)

pytestmark = pytest.mark.django_db

Kind = IdentityProvider.Kind
Reason = Conflict.Reason
OLD = ("mia.old", "mia.old@example.test")
NEW = ("mia.new", "mia.new@example.test")


def identifying(**settings: Any) -> IdentityProvider:
    return make_idp(identifies_by_external_id=True, **settings)


def left(idp: IdentityProvider, *, how: str) -> SSOUser:
    """Mia, with a group and an asset, whom the IdP has unassigned, or still has."""
    sso_user = provision(idp, *OLD, external_id="00U1", first_name="Mia")
    make_group("Local", sso_user.user)
    make_asset(sso_user.user)
    match how:
        case "inactive":
            resend(sso_user, *OLD, external_id="00U1", active=False)
        case "removed":
            deprovision(sso_user)
    return sso_user


# --- where it identifies people ---------------------------------------------------------------------------


@pytest.mark.parametrize("email", [NEW[1], OLD[1], None])
@pytest.mark.parametrize("how", ["inactive", "removed"])
def test_who_comes_back_renamed_is_the_same_person(how: str, email: str | None) -> None:
    idp = identifying()
    before = left(idp, how=how)
    after = provision(idp, "mia.new", email, external_id="00U1", last_name="Married")
    user = User.objects.get()
    assert (after.user_id, after.user_name, after.email) == (user.pk, "mia.new", email)
    assert (user.username, user.email, user.status) == (*OLD, Status.ENABLED)
    assert (user.first_name, user.last_name, user.role) == ("Mia", "Married", Role.MEMBER)
    assert members_of(user.memberships.get().group) == {"mia.old"}
    assert user.assets.count() == 1
    assert SSOUser.objects.get().scim_id == (before.scim_id if how == "inactive" else after.scim_id)
    assert (before.scim_id == after.scim_id) == (how == "inactive")
    row = ProvisioningLog.objects.latest("id")
    assert (row.status, row.user_id) == (201, user.pk)
    assert AuditEvent.objects.filter(action="user.revived", user_id=user.pk).count() == 1


def test_who_comes_back_renamed_keeps_the_groups_of_the_idp() -> None:
    idp = identifying()
    sso_user = provision(idp, *OLD, external_id="00U1")
    sso_group = push_group(idp, "Engineering", sso_user)
    resend(sso_user, *OLD, external_id="00U1", active=False)
    provision(idp, *NEW, external_id="00U1")
    assert list(sso_group.members.values_list("user_name", flat=True)) == ["mia.new"]


@pytest.mark.parametrize("how", ["inactive", "removed"])
def test_who_comes_back_renamed_is_found_among_many(how: str) -> None:
    idp = identifying()

    def three(name: str) -> None:
        for number in range(3):
            sso_user = provision(idp, f"{name}{number}", external_id=f"00{name[0]}{number}")
            if how == "removed":
                deprovision(sso_user)

    three("Early")
    before = left(idp, how=how)
    three("Late")
    assert provision(idp, *NEW, external_id="00U1").user_id == before.user_id


def test_a_name_of_somebody_who_left_without_an_external_id_is_not_taken_silently() -> None:
    """Whether they are two people can't be told."""
    idp = identifying()
    deprovision(provision(idp, "mia.new", "other@example.test"))
    left(idp, how="removed")
    assert conflict_over(idp, *NEW, external_id="00U1").reason == Reason.OTHER_EMAIL


def test_who_comes_back_renamed_and_inactive_stays_disabled() -> None:
    idp = identifying()
    left(idp, how="inactive")
    after = provision(idp, *NEW, external_id="00U1", active=False)
    assert (after.user_name, after.user.status, after.active) == ("mia.new", Status.DISABLED, False)


def test_the_new_name_is_its_records_from_then_on() -> None:
    idp = identifying()
    left(idp, how="inactive")
    provision(idp, *NEW, external_id="00U1")
    with pytest.raises(Taken):
        provision(idp, *NEW, external_id="00U1")
    assert not Conflict.objects.exists()


def test_the_record_of_the_same_name_is_a_duplicate_even_when_inactive() -> None:
    idp = identifying()
    left(idp, how="inactive")
    with pytest.raises(Taken, match=r"userName mia\.old belongs to another user of this identity provider"):
        provision(idp, *OLD, external_id="00U1")


def test_an_active_record_is_a_conflict_that_can_be_linked() -> None:
    idp = identifying()
    before = left(idp, how="active")
    conflict = conflict_over(idp, *NEW, external_id="00U1")
    assert (conflict.reason, conflict.user_id, conflict.can_be_linked) == (
        Reason.SAME_EXTERNAL_ID,
        before.user_id,
        True,
    )
    assert conflicts.sentence(conflict).startswith(
        "externalId 00U1 belongs to the portal user Mia, whose userName at this identity provider is mia.old."
    )
    conflicts.link_conflict(conflict, actor=administrator())
    after = provision(idp, *NEW, external_id="00U1")
    assert (after.scim_id, after.user_name) == (before.scim_id, "mia.new")
    assert (after.user.username, after.user.email) == OLD
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.RESOLVED


def test_an_approved_rename_is_for_exactly_what_was_sent() -> None:
    idp = identifying()
    left(idp, how="active")
    conflicts.link_conflict(conflict_over(idp, *NEW, external_id="00U1"), actor=administrator())
    assert conflict_over(idp, "mia.new", "third@example.test", external_id="00U1").state == Conflict.State.OPEN


def test_an_active_record_of_a_privileged_person_needs_an_owner() -> None:
    idp = identifying()
    users.change_role(left(idp, how="active").user, Role.SUPPORT, actor=OPERATOR)
    conflict = conflict_over(idp, *NEW, external_id="00U1")
    with pytest.raises(Refused) as refusal:
        conflicts.link_conflict(conflict, actor=administrator())
    assert refusal.value.code == "owner_required"
    conflicts.link_conflict(conflict, actor=owner())
    assert provision(idp, *NEW, external_id="00U1").user.role == Role.SUPPORT


def test_a_name_that_somebody_else_has_here_is_a_conflict() -> None:
    idp = identifying()
    left(idp, how="inactive")
    namesake = make_user("mia.new", email="else@example.test")
    conflict = conflict_over(idp, *NEW, external_id="00U1")
    assert conflict.user == namesake
    assert SSOUser.objects.get().user_name == "mia.old"


def test_the_permanent_name_of_somebody_who_was_renamed_there_is_not_in_the_way() -> None:
    idp = identifying()
    left(idp, how="inactive")
    resend(provision(idp, *NEW, external_id="00U2"), "other", "other@example.test", external_id="00U2")
    assert provision(idp, *NEW, external_id="00U1").user.username == "mia.old"


def test_a_third_persons_email_is_only_stored() -> None:
    idp = identifying()
    left(idp, how="inactive")
    make_user("third", email=NEW[1])
    after = provision(idp, *NEW, external_id="00U1")
    assert (after.email, after.user.email) == (NEW[1], OLD[1])


def test_several_records_of_one_external_id_are_a_conflict() -> None:
    idp = make_idp()
    left(idp, how="inactive")
    resend(provision(idp, *NEW, external_id="00U1"), *NEW, external_id="00U1", active=False)
    identity_providers.edit_identity_provider(
        idp, name="Okta", kind="other", asks_before_adopting=False, identifies_by_external_id=True, actor=OPERATOR
    )
    idp.refresh_from_db()
    conflict = conflict_over(idp, "mia.newest", "mia.newest@example.test", external_id="00U1")
    assert conflict.reason == Reason.SAME_EXTERNAL_ID
    assert User.objects.count() == 2


def test_another_idps_external_ids_mean_nothing() -> None:
    left(identifying(name="Entra"), how="inactive")
    assert provision(identifying(), *NEW, external_id="00U1").user.username == "mia.new"


def test_who_was_released_meanwhile_is_nobodys() -> None:
    idp = identifying()
    left(idp, how="removed")
    User.objects.update(managed_by=None)
    assert provision(idp, *NEW, external_id="00U1").user.username == "mia.new"


def test_an_older_external_id_means_nobody() -> None:
    idp = identifying()
    sso_user = provision(idp, *OLD, external_id="00U0")
    deprovision(resend(sso_user, *OLD, external_id="00U1"))
    assert provision(idp, *NEW, external_id="00U0").user.username == "mia.new"


def test_the_last_enabled_owner_is_not_revived_into_a_member_by_an_external_id() -> None:
    idp = identifying()
    user = left(idp, how="removed").user
    set_mode(scim=False)
    users.enable_user(user, actor=OPERATOR)
    users.change_role(user, Role.OWNER, actor=OPERATOR)
    set_mode()
    assert conflict_over(idp, *NEW, external_id="00U1").reason == Reason.PRIVILEGED


def test_whoever_sends_none_is_identified_by_none() -> None:
    idp = identifying()
    resend(provision(idp, *OLD), *OLD, active=False)
    assert provision(idp, *NEW).user.username == "mia.new"


# --- where it does not ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["inactive", "removed", "active"])
def test_elsewhere_it_is_a_new_person_and_the_log_says_that_the_id_is_shared(how: str) -> None:
    idp = make_idp()
    before = left(idp, how=how)
    after = provision(idp, *NEW, external_id="00U1")
    assert after.user_id != before.user_id
    row = ProvisioningLog.objects.latest("id")
    assert "The externalId is shared with another user of this identity provider." in row.summary
    assert row.details == {"external_id_of": [before.user_id]}
    assert row.outcome == "applied"


@pytest.mark.parametrize("identifies", [True, False])
def test_an_update_that_makes_two_share_an_id_says_so(identifies: bool) -> None:
    idp = make_idp(identifies_by_external_id=identifies)
    first = left(idp, how="active")
    second = provision(idp, *NEW, external_id="00U2")
    resend(second, *NEW, external_id="00U1")
    row = ProvisioningLog.objects.latest("id")
    assert "The externalId is shared" in row.summary
    assert row.details == {"external_id_of": [first.user_id]}


def test_the_same_person_again_shares_with_nobody() -> None:
    idp = make_idp()
    left(idp, how="removed")
    provision(idp, *OLD, external_id="00U1")
    assert "shared" not in ProvisioningLog.objects.latest("id").summary


def test_an_id_that_many_share_costs_no_more() -> None:
    """A broken mapping that sends one externalId for everybody must not lock everybody with each push."""
    idp = make_idp()
    for number in range(6):
        provision(idp, f"user{number}", external_id="same")
    assert len(ProvisioningLog.objects.latest("id").details["external_id_of"]) == 3


# --- the setting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_it_is_on_for_kinds_that_send_a_permanent_id_by_themselves(kind: IdentityProvider.Kind) -> None:
    idp = make_idp(kind=kind)
    assert idp.identifies_by_external_id == (kind in {Kind.OKTA, Kind.RAUTHY})
    assert make_idp("Said", kind=kind, identifies_by_external_id=False).identifies_by_external_id is False


def test_an_edit_that_does_not_say_leaves_it() -> None:
    idp = identifying(kind="entra")
    identity_providers.edit_identity_provider(
        idp, name="Entra", kind="entra", asks_before_adopting=True, actor=administrator()
    )
    assert IdentityProvider.objects.get().identifies_by_external_id is True


def test_what_a_deletion_erased_identifies_nobody() -> None:
    idp = identifying()
    left(idp, how="removed")
    RetiredResource.objects.update(user=None, external_id=None)
    assert provision(idp, *NEW, external_id="00U1").user.username == "mia.new"
