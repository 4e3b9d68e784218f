"""Who is this? Sign-in by SSO, decided in the domain (SR-5, R5, R6, R13, R21)."""

from __future__ import annotations

import pytest

from identity.core.errors import Conflicted, InvalidValue, Refused
from identity.models import (
    AuditEvent,
    Conflict,
    Invitation,
    ProvisioningLog,
    Role,
    SSOIdentity,
    SSOUser,
    Status,
    User,
)
from identity.services import identity_providers, invitations, sso_connections
from identity.services.provisioning import conflicts
from identity.services.provisioning import groups as sso_groups
from identity.services.sign_in import login
from identity.services.sign_in.login import Rehearsal
from identity.services.sso_connections import ConnectionSettings
from tests.factories import (
    OPERATOR,
    administrator,
    connect,
    deprovision,
    everything,
    make_break_glass,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    owner,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.identity.assertions import just_in_time, kept_out, says

pytestmark = pytest.mark.django_db


# --- finding the person ---------------------------------------------------------------------------------


def test_the_first_time_the_configured_claim_is_compared_with_the_external_id() -> None:
    connection = connect()
    user = provision(connection.identity_provider, "ada", external_id="00u1").user
    assert login.sign_in(connection, says("00u1", "somebody-else")) == user
    assert SSOIdentity.objects.get().user == user


def test_entra_is_matched_by_oid() -> None:
    idp = make_idp("Entra", kind="entra")
    connection = connect(idp)
    user = provision(idp, "ada", external_id="object-id").user
    assert login.sign_in(connection, says("pairwise", oid="object-id")) == user


def test_later_the_subject_alone_decides() -> None:
    connection = connect()
    ada = provision(connection.identity_provider, "ada", external_id="00u1")
    login.sign_in(connection, says("00u1"))
    resend(ada, "ada", external_id="changed")
    bob = provision(connection.identity_provider, "bob", external_id="00u1")
    assert login.sign_in(connection, says("00u1")) == ada.user != bob.user


def test_the_portals_own_username_and_email_never_decide() -> None:
    connection = connect()
    make_user("ada")
    provision(connection.identity_provider, "bob", external_id="00u2")
    assert kept_out(connection, says("00u1", "bob")) == "not_provisioned"
    assert kept_out(connection, says("00u1", "ada")) == "not_provisioned"


def test_by_username_only_where_an_administrator_allowed_it_and_never_to_rebind() -> None:
    connection = connect(matches_by_user_name=True)
    user = provision(connection.identity_provider, "ada", external_id="other").user
    assert login.sign_in(connection, says("00u1", "ADA")) == user
    assert kept_out(connection, says("00u2", "ada")) == "bound_to_another_subject"


def test_two_people_with_one_external_id_are_nobody() -> None:
    connection = connect()
    provision(connection.identity_provider, "ada", external_id="00u1")
    provision(connection.identity_provider, "bob", external_id="00u1")
    assert kept_out(connection, says("00u1")) == "ambiguous"


@pytest.mark.parametrize("identifies", [True, False])
def test_of_two_records_of_one_person_the_active_one_signs_in_where_external_ids_identify(identifies: bool) -> None:
    """From before the setting: renamed while unassigned, and a second user made."""
    connection = connect()
    idp = connection.identity_provider
    resend(provision(idp, "ada", external_id="00u1"), "ada", external_id="00u1", active=False)
    second = provision(idp, "countess", external_id="00u1").user
    idp.identifies_by_external_id = identifies
    idp.save()
    if identifies:
        assert login.sign_in(connection, says("00u1")) == second
    else:
        assert kept_out(connection, says("00u1")) == "ambiguous"


def test_a_second_provider_can_not_take_over_the_first_ones_people() -> None:
    connection = connect()
    provision(connection.identity_provider, "ada", external_id="00u1")
    hostile = connect("Hostile", matches_by_user_name=True)
    assert kept_out(hostile, says("00u1", "ada")) == "not_provisioned"
    set_mode(scim=False)
    hostile = sso_connections.edit_connection(
        hostile,
        said=ConnectionSettings(
            issuer=hostile.issuer,
            client_id="x",
            matches_by_user_name=True,
            creates_users=True,
            allowed_domains="example.test",
        ),
        actor=OPERATOR,
    )
    with pytest.raises(Conflicted) as caught:
        login.sign_in(hostile, says("00u1", "ada"))
    assert caught.value.code == "other_provider"
    assert not SSOIdentity.objects.exists()
    assert Conflict.objects.get().user.username == "ada"


# --- who is refused -------------------------------------------------------------------------------------


def test_a_disabled_user_is_refused_whatever_the_provider_says() -> None:
    connection = connect()
    ada = provision(connection.identity_provider, "ada", external_id="00u1")
    login.sign_in(connection, says())
    resend(ada, "ada", external_id="00u1", active=False)
    assert kept_out(connection, says()) == "disabled"
    ada.user.refresh_from_db()
    assert ada.user.status == Status.DISABLED


def test_a_deprovisioned_user_is_refused() -> None:
    connection = connect()
    ada = provision(connection.identity_provider, "ada", external_id="00u1")
    login.sign_in(connection, says())
    deprovision(ada)
    assert kept_out(connection, says()) == "disabled"


def test_a_break_glass_account_is_never_reached() -> None:
    connection = just_in_time()
    glass = make_break_glass()
    with pytest.raises(Conflicted) as caught:
        login.sign_in(connection, says("00u1", "glass"))
    assert caught.value.code == "break_glass"
    SSOIdentity.objects.create(identity_provider=connection.identity_provider, subject="00u1", user=glass)
    assert kept_out(connection, says("00u1", "glass")) == "break_glass"


def test_a_refusal_leaves_a_row_that_an_administrator_can_find() -> None:
    connection = connect()
    kept_out(connection, says())
    row = ProvisioningLog.objects.get()
    assert (row.code, row.subject_key, row.method) == ("not_provisioned", "ada", "SIGN-IN")


# --- a rehearsal ---


def test_a_rehearsal_says_who_would_come_in_and_writes_nothing() -> None:
    connection = connect()
    user = provision(connection.identity_provider, "ada", external_id="00u1").user
    before = everything()
    assert login.rehearse(connection, says("00u1")) == Rehearsal(username="ada", user_id=user.pk)
    assert login.rehearse(connection, says("00u2")).code == "not_provisioned"
    assert everything() == before


def test_a_rehearsal_of_a_first_sign_in_creates_nobody() -> None:
    connection = just_in_time()
    make_user("bob", email="bob@elsewhere.test")
    before = everything()
    assert login.rehearse(connection, says()) == Rehearsal(username="ada")
    assert login.rehearse(connection, says("00u2", "bob")).code == "other_email"
    assert everything() == before


# --- just in time ---------------------------------------------------------------------------------------


def test_an_unknown_person_is_created_when_scim_is_off() -> None:
    user = login.sign_in(just_in_time(), says(given_name="Ada", family_name="Lovelace"))
    assert (user.username, user.email, user.first_name, user.last_name, user.role, user.managed_by) == (
        "ada",
        "ada@example.test",
        "Ada",
        "Lovelace",
        Role.MEMBER,
        None,
    )
    assert not user.has_usable_password()


def test_names_are_taken_at_the_first_sign_in_only() -> None:
    connection = just_in_time()
    login.sign_in(connection, says(given_name="Ada"))
    assert login.sign_in(connection, says(given_name="Eve")).first_name == "Ada"


def test_with_scim_on_nobody_is_created() -> None:
    connection = just_in_time()
    login.sign_in(connection, says())
    set_mode(scim=True)
    assert kept_out(connection, says("00u2", "bob")) == "not_provisioned"
    assert kept_out(connection, says()) == "not_provisioned"


def test_just_in_time_is_off_until_switched_on() -> None:
    set_mode(scim=False)
    assert kept_out(connect(), says()) == "unknown_person"


def test_just_in_time_needs_a_domain_or_tenant() -> None:
    with pytest.raises(InvalidValue):
        connect(creates_users=True)


def test_another_domain_or_tenant_is_refused() -> None:
    assert kept_out(just_in_time(), says(email="ada@evil.test")) == "other_domain"
    assert kept_out(just_in_time("Two"), says(email_verified=False)) == "other_domain"
    assert kept_out(just_in_time("Three", allowed_tenant="t1"), says(tid="t2")) == "other_tenant"


@pytest.mark.parametrize("claim", ["tid", "hd"])
def test_the_named_tenant_is_let_in_whether_entra_or_google_says_it(claim: str) -> None:
    connection = just_in_time(allowed_tenant="t1")
    assert login.sign_in(connection, says(**{claim: "t1"})).username == "ada"
    assert kept_out(connection, says("00u2", "bob", **{claim: "t2"})) == "other_tenant"
    assert kept_out(connection, says("00u2", "bob")) == "other_tenant"


def test_the_same_username_with_another_email_is_a_conflict() -> None:
    connection = just_in_time()
    make_user("ada", email="ada@elsewhere.test")
    with pytest.raises(Conflicted):
        login.sign_in(connection, says())
    conflict = Conflict.objects.get()
    assert (conflict.reason, conflict.tries) == ("other_email", 1)


def test_a_linked_conflict_lets_the_person_in_the_next_time() -> None:
    connection = just_in_time()
    user = make_user("ada", email="ada@elsewhere.test", role=Role.ADMINISTRATOR)
    with pytest.raises(Conflicted):
        login.sign_in(connection, says())
    conflicts.link_conflict(Conflict.objects.get(), actor=owner())
    assert login.sign_in(connection, says()) == user
    user.refresh_from_db()
    assert (user.role, Conflict.objects.get().state) == (Role.ADMINISTRATOR, "resolved")


def test_the_same_username_and_email_are_adopted_and_an_invitation_dies() -> None:
    connection = just_in_time()
    user = invitations.invite_user(username="ada", email="ada@example.test", actor=administrator())
    assert login.sign_in(connection, says()) == user
    user.refresh_from_db()
    assert (user.status, Invitation.objects.count()) == (Status.ENABLED, 0)


def test_a_privileged_or_disabled_account_is_not_adopted() -> None:
    connection = just_in_time()
    make_user("ada", role=Role.ADMINISTRATOR)
    make_user("bob", status=Status.DISABLED)
    for name, reason in {"ada": "privileged", "bob": "disabled_local"}.items():
        with pytest.raises(Conflicted) as caught:
            login.sign_in(connection, says(name, name))
        assert caught.value.code == reason


def test_a_just_in_time_user_is_adopted_when_the_provider_provisions_them() -> None:
    connection = just_in_time()
    user = login.sign_in(connection, says())
    set_mode(scim=True)
    assert provision(connection.identity_provider, "ada", external_id="00u1").user == user
    assert login.sign_in(connection, says()) == user


# --- groups of the claim --------------------------------------------------------------------------------


def test_mapped_groups_follow_the_claim_at_each_sign_in() -> None:
    connection = just_in_time()
    idp = connection.identity_provider
    declared = sso_groups.declare_sso_group(idp, name="Engineering", actor=administrator())
    builders, others = make_group("Builders"), make_group("Others")
    map_group(declared, builders)
    user = login.sign_in(connection, says(groups=["engineering", "unknown"]))
    assert members_of(builders) == {user.username}
    login.sign_in(connection, says(groups=[]))
    assert (members_of(builders), members_of(others)) == (set(), set())


def test_a_group_is_matched_by_external_id_before_its_name() -> None:
    connection = just_in_time()
    idp = connection.identity_provider
    set_mode(scim=True)
    first, second = push_group(idp, "First"), push_group(idp, "Second")
    first.external_id = "Second"
    first.save()
    one, two = make_group("One"), make_group("Two")
    map_group(first, one)
    map_group(second, two)
    set_mode(scim=False)
    login.sign_in(connection, says(groups=["Second"]))
    assert (members_of(one), members_of(two)) == ({"ada"}, set())


def test_an_absent_claim_changes_nothing_and_warns() -> None:
    connection = just_in_time()
    declared = sso_groups.declare_sso_group(connection.identity_provider, name="Engineering", actor=administrator())
    builders = make_group("Builders")
    map_group(declared, builders)
    login.sign_in(connection, says(groups=["Engineering"]))
    login.sign_in(connection, says(_claim_names={"groups": "src1"}))
    assert members_of(builders) == {"ada"}
    login.sign_in(connection, says(hasgroups=True))
    login.sign_in(connection, says())
    assert members_of(builders) == {"ada"}
    warnings = AuditEvent.objects.filter(action="user.groups_claim_missing").order_by("id")
    assert [event.details["overage"] for event in warnings] == [True, True, False]


def test_with_scim_on_the_claim_is_not_followed() -> None:
    connection = connect(groups_claim="groups")
    sso_group = push_group(connection.identity_provider, "Engineering")
    builders = make_group("Builders")
    map_group(sso_group, builders)
    provision(connection.identity_provider, "ada", external_id="00u1")
    login.sign_in(connection, says(groups=["Engineering"]))
    assert members_of(builders) == set()


# --- connections ----------------------------------------------------------------------------------------


def test_the_client_secret_is_stored_encrypted() -> None:
    connection = connect(client_secret="s3cret")
    assert "s3cret" not in connection.client_secret
    assert User.objects.count() == 0


def test_one_identity_provider_has_one_issuer() -> None:
    """Its subjects tell people apart, and those of two issuers could be alike."""
    connection = connect()
    with pytest.raises(InvalidValue, match="issuer"):
        connect(connection.identity_provider, issuer="https://another.example")


def test_at_another_issuer_everybody_is_found_anew() -> None:
    connection = connect()
    ada = provision(connection.identity_provider, "ada", external_id="00u1").user
    bob = provision(connection.identity_provider, "bob", external_id="00u2").user
    login.sign_in(connection, says("00u1"))
    said = ConnectionSettings(issuer="https://another.example", client_id="x", client_secret="y")
    with pytest.raises(InvalidValue, match="1 identity would be forgotten"):
        sso_connections.edit_connection(connection, said=said, actor=OPERATOR)
    connection = sso_connections.edit_connection(connection, said=said, forget_identities=True, actor=OPERATOR)
    assert not SSOIdentity.objects.exists()
    SSOUser.objects.filter(user=ada).update(external_id="00u2")
    SSOUser.objects.filter(user=bob).update(external_id="00u1")
    assert login.sign_in(connection, says("00u1")) == bob
    event = AuditEvent.objects.filter(action="sso_connection.edited").latest("id")
    assert event.details["identities_forgotten"] == 1


def test_a_new_secret_forgets_nobody() -> None:
    connection = connect()
    provision(connection.identity_provider, "ada", external_id="00u1")
    login.sign_in(connection, says("00u1"))
    said = ConnectionSettings(issuer=connection.issuer, client_id="x", client_secret="another")
    sso_connections.edit_connection(connection, said=said, actor=OPERATOR)
    assert SSOIdentity.objects.count() == 1


def test_an_address_without_tls_is_refused() -> None:
    with pytest.raises(InvalidValue):
        connect(issuer="http://okta.example")


def test_the_last_connections_provider_stays_while_sso_is_enforced() -> None:
    first = connect()
    second = connect("Entra")
    set_mode(sso=True)
    identity_providers.delete_identity_provider(second.identity_provider, actor=OPERATOR)
    with pytest.raises(Refused, match="last connection"):
        identity_providers.delete_identity_provider(first.identity_provider, actor=OPERATOR)
    set_mode(sso=False)
    identity_providers.delete_identity_provider(first.identity_provider, actor=OPERATOR)


def test_the_last_connection_stays_while_sso_is_enforced() -> None:
    connection = connect()
    set_mode(sso=True)
    with pytest.raises(Refused, match="last connection"):
        sso_connections.delete_connection(connection, actor=OPERATOR)
