"""Setting the portal to what identity providers said last, while SCIM is on (R28)."""

from __future__ import annotations

import pytest

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Outdated, Refused
from identity.models import AuditEvent, Group, GroupMapping, IdentityProvider, Membership, Role, Status, User
from identity.queries.why import trail_of
from identity.services import groups, modes, reconciling, users
from identity.services.reconciling import Subject, differences
from tests.factories import (
    OPERATOR,
    administrator,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    members_of,
    owner,
    provision,
    push_group,
    set_mode,
)

pytestmark = pytest.mark.django_db


def drifted(idp: IdentityProvider, name: str = "Builders") -> tuple[User, User, Group]:
    """SCIM is on, and one is disabled, another enabled and the members of a group are others than the IdP said."""
    ada, grace = provision(idp, f"ada.{idp}"), provision(idp, f"grace.{idp}", active=False)
    group = make_group(name)
    map_group(push_group(idp, name, ada), group)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=administrator())
    users.enable_user(grace.user, actor=administrator())
    groups.remove_members(group, [ada.user], actor=administrator())
    groups.add_members(group, [grace.user], actor=administrator())
    set_mode(follow_idp=False)
    return ada.user, grace.user, group


def now(subject: Subject) -> None:
    reconciling.reconcile(subject, fingerprint=differences(subject).fingerprint, actor=administrator())


def status(user: User) -> str:
    return User.objects.get(pk=user.pk).status


@pytest.fixture
def okta() -> IdentityProvider:
    return make_idp("Okta", kind="okta")


def test_a_person_is_reconciled_alone(okta: IdentityProvider) -> None:
    ada, grace, group = drifted(okta)
    now(ada)
    assert (status(ada), status(grace)) == (Status.ENABLED, Status.ENABLED)
    assert members_of(group) == {ada.username, grace.username}
    now(grace)
    assert (status(grace), members_of(group)) == (Status.DISABLED, {ada.username})


def test_who_is_in_a_mapped_group_and_provisioned_by_none_leaves_it(okta: IdentityProvider) -> None:
    *_, group = drifted(okta)
    mia = make_user("mia")
    Membership.objects.create(group=group, user=mia)
    now(mia)
    assert "mia" not in members_of(group)


def test_a_mapping_reconciles_its_group_and_no_status(okta: IdentityProvider) -> None:
    ada, grace, group = drifted(okta)
    now(GroupMapping.objects.get(group=group))
    assert members_of(group) == {ada.username}
    assert (status(ada), status(grace)) == (Status.DISABLED, Status.ENABLED)


def test_an_identity_provider_reconciles_its_own_people_and_groups(okta: IdentityProvider) -> None:
    ada, grace, group = drifted(okta)
    theirs = drifted(make_idp("Entra"), "Painters")
    now(okta)
    assert (status(ada), status(grace), members_of(group)) == (Status.ENABLED, Status.DISABLED, {ada.username})
    assert (status(theirs[0]), status(theirs[1])) == (Status.DISABLED, Status.ENABLED)
    assert members_of(theirs[2]) == {theirs[1].username}


def test_a_group_that_several_identity_providers_feed_keeps_the_union(okta: IdentityProvider) -> None:
    *_, group = drifted(okta)
    noa = provision(make_idp("Entra"), "noa")
    map_group(push_group(noa.identity_provider, "Makers", noa), group)
    groups_before = members_of(group)
    assert "noa" in groups_before
    Membership.objects.filter(group=group, user=noa.user).delete()
    now(okta)
    assert "noa" in members_of(group)


@pytest.mark.parametrize("kind", ["user", "mapping", "identity_provider"])
def test_what_has_changed_since_the_preview_is_not_applied(okta: IdentityProvider, kind: str) -> None:
    ada, grace, group = drifted(okta)
    subject: Subject = {"user": ada, "mapping": GroupMapping.objects.get(), "identity_provider": okta}[kind]
    seen = differences(subject).fingerprint
    Membership.objects.create(group=group, user=ada)
    with pytest.raises(Outdated):
        reconciling.reconcile(subject, fingerprint=seen, actor=OPERATOR)
    assert (status(ada), status(grace)) == (Status.DISABLED, Status.ENABLED)
    assert members_of(group) == {ada.username, grace.username}


@pytest.mark.parametrize("kind", ["user", "mapping", "identity_provider"])
def test_where_nothing_differs_it_fails_and_says_so(okta: IdentityProvider, kind: str) -> None:
    ada = provision(okta)
    group = make_group()
    map_group(push_group(okta, "Engineering", ada), group)
    subject: Subject = {"user": ada.user, "mapping": GroupMapping.objects.get(), "identity_provider": okta}[kind]
    before = AuditEvent.objects.count()
    with pytest.raises(Refused) as refusal:
        now(subject)
    assert (refusal.value.code, AuditEvent.objects.count()) == ("nothing_differs", before)


def test_with_scim_off_switching_it_on_asks_instead(okta: IdentityProvider) -> None:
    ada, *_ = drifted(okta)
    set_mode(scim=False)
    for subject in (ada, GroupMapping.objects.get(), okta):
        with pytest.raises(Refused) as refusal:
            now(subject)
        assert refusal.value.code == "scim_is_off"


def test_people_above_member_and_who_sends_them_are_an_owners_matter(okta: IdentityProvider) -> None:
    ada, *_ = drifted(okta)
    User.objects.filter(pk=ada.pk).update(role=Role.SUPPORT)
    for subject in (User.objects.get(pk=ada.pk), okta):
        with pytest.raises(Refused) as refusal:
            now(subject)
        assert refusal.value.code == "owner_required"
    reconciling.reconcile(okta, fingerprint=differences(okta).fingerprint, actor=owner())
    assert status(ada) == Status.ENABLED


def test_the_last_enabled_owner_stays(okta: IdentityProvider) -> None:
    _, grace, _ = drifted(okta)
    User.objects.filter(pk=grace.pk).update(role=Role.OWNER)
    User.objects.exclude(pk=grace.pk).filter(role=Role.OWNER).update(status=Status.DISABLED)
    with pytest.raises(Refused) as refusal:
        reconciling.reconcile(okta, fingerprint=differences(okta).fingerprint, actor=OPERATOR)
    assert (refusal.value.code, status(grace)) == ("last_enabled_owner", Status.ENABLED)


def test_the_trail_and_the_events_name_the_cause(okta: IdentityProvider) -> None:
    ada, grace, group = drifted(okta)
    now(okta)
    event = AuditEvent.objects.get(action="access.reconciled")
    assert event.identity_provider_id == okta.pk
    assert event.details == {"joined": 1, "left": [grace.pk], "enabled": [ada.pk], "disabled": [grace.pk]}
    enabled = AuditEvent.objects.get(action="user.enabled", user_id=ada.pk, details__cause="access.reconciled")
    assert enabled.actor_kind == "user"
    told = trail_of(ada).entries[:2]
    assert [(entry.words, entry.joined) for entry in told] == [
        ("Reconciled with the identity provider", (str(group),)),
        ("Enabled", ()),
    ]
    assert set(told[1].details) == {"status: disabled → enabled", "Reconciled with the identity provider"}


def test_the_decision_knows_whether_a_person_differs(okta: IdentityProvider) -> None:
    ada, *_ = drifted(okta)
    actor = Person(make_owner("olga"))
    assert policy.decide(Action.RECONCILE, actor=actor, user=User.objects.get(pk=ada.pk))
    mia = policy.decide(Action.RECONCILE, actor=actor, user=make_user("mia"))
    assert (mia.code, mia.fits) == ("nothing_differs", False)


def test_a_group_that_no_sso_group_feeds_follows_none(okta: IdentityProvider) -> None:
    *_, group = drifted(okta)
    actor = Person(make_owner("olga"))
    assert policy.decide(Action.RECONCILE, actor=actor, group=group)
    other = policy.decide(Action.RECONCILE, actor=actor, group=make_group("Painters"))
    assert (other.code, other.fits) == ("not_mapped", False)


# --- the choice as SCIM is switched on ---


def test_where_both_sides_differ_the_choice_must_be_said(okta: IdentityProvider) -> None:
    ada, *_ = drifted(okta)
    set_mode(scim=False)
    with pytest.raises(InvalidValue) as refusal:
        modes.set_mode(scim_enabled=True, sso_enforced=False, actor=OPERATOR)
    assert "follow" in refusal.value.sentence
    assert "keep" in refusal.value.sentence
    assert not policy.current_mode().scim_enabled
    modes.set_mode(scim_enabled=True, sso_enforced=False, follow_idp=False, actor=OPERATOR)
    assert status(ada) == Status.DISABLED


def test_where_nothing_differs_no_choice_is_asked_for(okta: IdentityProvider) -> None:
    provision(okta)
    set_mode(scim=False)
    assert modes.set_mode(scim_enabled=True, sso_enforced=False, actor=OPERATOR).scim_enabled


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("scim", [True, False])
def test_a_choice_without_effect_fails(okta: IdentityProvider, follow: bool, scim: bool) -> None:
    with pytest.raises(Refused) as refusal:
        modes.set_mode(scim_enabled=scim, sso_enforced=False, follow_idp=follow, actor=OPERATOR)
    assert refusal.value.code == "nothing_to_follow"
    assert policy.current_mode().scim_enabled
