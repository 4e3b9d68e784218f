"""Identity providers: set up, changed and taken off the portal."""

import pytest

from identity.core.actors import Person
from identity.core.errors import InvalidValue, Refused, Taken
from identity.models import AuditEvent, GroupMapping, IdentityProvider, SSOGroup, SSOUser, Status, User
from identity.services import identity_providers, users
from tests.factories import (
    OPERATOR,
    administrator,
    deprovision,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
)

pytestmark = pytest.mark.django_db


def test_an_idp_is_set_up_and_changed() -> None:
    actor = administrator()
    idp = identity_providers.create_identity_provider(name=" Okta ", kind="okta", actor=actor)
    assert (idp.name, idp.kind, idp.asks_before_adopting) == ("Okta", "okta", False)
    identity_providers.edit_identity_provider(idp, name="Okta", kind="okta", asks_before_adopting=True, actor=actor)
    assert IdentityProvider.objects.get().asks_before_adopting
    event = AuditEvent.objects.latest("id")
    assert event.action == "identity_provider.edited"
    assert event.details == {"asks_before_adopting": {"from": False, "to": True}}


def test_a_name_is_unique_and_a_kind_is_known() -> None:
    make_idp()
    with pytest.raises(Taken):
        make_idp("OKTA")
    with pytest.raises(InvalidValue, match=r"^kind must be one of okta, entra"):
        make_idp("Other", kind="ldap")
    with pytest.raises(InvalidValue, match=r"^name "):
        make_idp("")


@pytest.mark.parametrize("scim", [True, False])
def test_deleting_an_idp_releases_its_people_with_their_groups(scim: bool) -> None:
    idp = make_idp()
    sso_user = provision(idp)
    deprovision(provision(idp, "grace"))
    make_token(idp)
    group = make_group()
    map_group(push_group(idp, "Engineering", sso_user), group)
    usage = identity_providers.usage(idp)
    assert usage == {"users": 2, "sso_users": 1, "sso_groups": 1, "mappings": 1, "tokens": 1, "trusts": 0, "retired": 1}
    set_mode(scim=scim)
    identity_providers.delete_identity_provider(idp, actor=administrator())
    user = User.objects.get(username="ada")
    assert (user.status, user.managed_by) == (Status.ENABLED, None)
    assert members_of(group) == {"ada"}
    assert not SSOUser.objects.exists()
    assert not SSOGroup.objects.exists()
    assert AuditEvent.objects.latest("id").details == {"name": "Okta", **usage}
    users.disable_user(user, actor=administrator())


def test_a_group_that_another_idp_feeds_keeps_following_that_one() -> None:
    okta, entra = make_idp(), make_idp("Entra")
    group = make_group()
    map_group(push_group(okta, "One", provision(okta)), group)
    map_group(push_group(entra, "Two", provision(entra, "grace")), group)
    identity_providers.delete_identity_provider(okta, actor=administrator())
    assert members_of(group) == {"grace"}
    assert GroupMapping.objects.count() == 1


def test_a_member_manages_no_idps() -> None:
    actor, idp = Person(make_user()), make_idp()
    for change in (
        lambda: identity_providers.create_identity_provider(name="Mine", actor=actor),
        lambda: identity_providers.edit_identity_provider(
            idp, name="Mine", kind="other", asks_before_adopting=False, actor=actor
        ),
        lambda: identity_providers.delete_identity_provider(idp, actor=actor),
    ):
        with pytest.raises(Refused):
            change()
    assert IdentityProvider.objects.get() == idp
    identity_providers.delete_identity_provider(idp, actor=OPERATOR)
