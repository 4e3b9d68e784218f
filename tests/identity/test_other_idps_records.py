"""R5, R6, R9: the records that another identity provider has, or had, mean nobody to this one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from identity.core.actors import Provisioner
from identity.core.errors import Conflicted
from identity.models import Conflict, IdentityProvider, ProvisioningLog, SSOUser, User
from identity.services.provisioning import conflicts, matching, people, retirement
from identity.services.sign_in import login
from tests.factories import (
    OPERATOR,
    connect,
    deprovision,
    idp_actor,
    make_idp,
    person,
    provision,
    push_group,
    rename_sso_group,
    resend,
    set_mode,
)
from tests.identity.assertions import just_in_time, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def okta() -> IdentityProvider:
    return make_idp("Okta")


@pytest.fixture(params=[True, False], ids=["external IDs identify", "external IDs don't"])
def here(request: pytest.FixtureRequest, okta: IdentityProvider) -> Provisioner:
    """The one that sends; `okta` has sent before."""
    return replace(idp_actor(make_idp("Entra")), identifies_by_external_id=request.param)


def reason(actor: Provisioner, user_name: str, email: str, external_id: str) -> str:
    with pytest.raises(Conflicted):
        people.provision_user(person(user_name, email, external_id=external_id), actor=actor)
    return Conflict.objects.get(identity_provider=actor.identity_provider_id).reason


def made(actor: Provisioner, user_name: str, external_id: str | None = None) -> User:
    """A new user of this username."""
    before = set(User.objects.values_list("pk", flat=True))
    user = people.provision_user(person(user_name, external_id=external_id), actor=actor).user
    assert (user.username, user.managed_by_id) == (user_name, actor.identity_provider_id)
    assert user.pk not in before
    return user


@pytest.mark.parametrize("is_gone", [False, True], ids=["live", "removed"])
def test_another_ones_user_name_and_external_id_are_free(
    okta: IdentityProvider, here: Provisioner, is_gone: bool
) -> None:
    """Okta's ada has another username in the portal, so that nothing here collides (R2)."""
    theirs = resend(provision(okta, "ada.okta", external_id="e1"), "ada", external_id="e1")
    if is_gone:
        deprovision(theirs)
    ada = made(here, "ada", "e1")
    assert SSOUser.objects.get(user=ada).user_name == "ada"


def test_another_ones_external_id_shares_nothing(okta: IdentityProvider, here: Provisioner) -> None:
    """However many have it there: the own one is found among them."""
    for number in range(4):
        provision(okta, f"person{number}", external_id="e1")
    deprovision(provision(okta, "leaver", external_id="e1"))
    ada = made(here, "ada", "e1")
    found = matching.match(person("new", external_id="e1"), replace(here, identifies_by_external_id=False))
    assert found == matching.Create(shares=(ada.pk,))


def test_another_ones_person_is_a_conflict_whatever_the_external_id(okta: IdentityProvider, here: Provisioner) -> None:
    provision(okta, "ada", external_id="e1")
    assert reason(here, "ada", "ada@example.test", "e1") == Conflict.Reason.OTHER_PROVIDER


def moved(okta: IdentityProvider, here: Provisioner) -> User:
    """From the one that sends to Okta, which has removed them since."""
    user = people.provision_user(person("ada", external_id="e1"), actor=here).user
    retirement.release(user, actor=OPERATOR)
    theirs = provision(okta, "ada", external_id="e2")
    assert theirs.user == user
    deprovision(theirs)
    return User.objects.get(pk=user.pk)


def test_who_moved_to_another_one_is_not_taken_back(okta: IdentityProvider, here: Provisioner) -> None:
    """Neither as the last record said, nor by the external ID that the person had here."""
    user = moved(okta, here)
    assert reason(here, "ada", "ada@example.test", "e1") == Conflict.Reason.OTHER_PROVIDER
    made(here, "renamed", "e1")
    user.refresh_from_db()
    assert (user.managed_by, user.status) == (okta, "disabled")


def test_who_moved_is_revived_by_the_one_that_has_them(okta: IdentityProvider, here: Provisioner) -> None:
    user = moved(okta, here)
    assert provision(okta, "ada", external_id="e2").user == user
    assert Conflict.objects.count() == 0


def test_an_approval_for_one_is_none_for_another(okta: IdentityProvider, here: Provisioner) -> None:
    """Both send the same record, and an administrator gives Okta's newcomer a username of their own."""
    provision(make_idp("Third"), "ada", "ada@third.test")
    with pytest.raises(Conflicted):
        provision(okta, "ada", external_id="e1")
    conflicts.give_own_username(Conflict.objects.get(), username="ada2", actor=OPERATOR)
    assert reason(here, "ada", "ada@example.test", "e1") == Conflict.Reason.OTHER_PROVIDER
    assert provision(okta, "ada", external_id="e1").user.username == "ada2"


def test_who_was_released_by_one_signs_in_at_another_as_anybody() -> None:
    """The external ID that the record had there is none of this one's (R5)."""
    okta = make_idp("Okta")
    user = provision(okta, "ada", external_id="e1").user
    retirement.release(user, actor=OPERATOR)
    set_mode(scim=False)
    entra = connect("Entra", creates_users=True, allowed_domains="example.test")
    assert login.sign_in(entra, says("e2", "ada")) == user


def test_who_is_linked_to_another_one_still_signs_in_at_the_first() -> None:
    """What is forgotten is whom the new one knew the account as (R7)."""
    first, second = just_in_time("Okta"), just_in_time("Entra")
    user = login.sign_in(first, says("e1"))
    with pytest.raises(Conflicted):
        login.sign_in(second, says("e2"))
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    for connection, subject in ((second, "e2"), (first, "e1")):
        assert login.sign_in(connection, says(subject)) == user


def test_another_ones_group_names_are_free(okta: IdentityProvider) -> None:
    push_group(okta, "Staff")
    assert rename_sso_group(push_group(make_idp("Entra"), "Engineering"), "Staff").display_name == "Staff"


def test_an_external_id_that_changes_is_shared_with_the_own_people_alone(okta: IdentityProvider) -> None:
    entra = make_idp("Entra")
    for idp in (okta, entra):
        provision(idp, f"bob.{idp}", external_id="e1")
    resend(provision(entra, "ada"), "ada", external_id="e1")
    bob = User.objects.get(username="bob.Entra")
    assert ProvisioningLog.objects.latest("id").details["external_id_of"] == [bob.pk]
