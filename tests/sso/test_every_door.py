"""R5, R13, R21, SR-5: who is let in as whom, at every sign-in door, whatever the portal knows of the account already.

One person arrives, always the same: jsmith, jsmith@example.test, external id ext-b. What is there before makes the
difference, and what the door is set to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client

from identity.models import (
    AuditEvent,
    Conflict,
    IdentityProvider,
    ProvisioningLog,
    RetiredResource,
    Role,
    SSOIdentity,
    SSOUser,
    Status,
    User,
)
from identity.services import invitations
from identity.services.provisioning import conflicts
from tests.factories import (
    OPERATOR,
    PASSWORD,
    connect,
    deprovision,
    make_administrator,
    make_break_glass,
    make_group,
    make_idp,
    make_user,
    members_of,
    owner,
    provision,
    resend,
    set_mode,
)
from tests.loops import each
from tests.sso.conftest import OIDCProvider
from tests.sso.saml_answers import SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db

PROTECTED = (User, SSOUser, SSOIdentity, RetiredResource)

NAME, EMAIL, MINE, ANOTHERS = "jsmith", "jsmith@example.test", "ext-b", "ext-a"

IN, CREATED = "in", "created"
UNKNOWN, NOT_PROVISIONED = "unknown_person", "not_provisioned"


class Expected(NamedTuple):
    """What comes of it: `creating` with SCIM off and just-in-time on, else without it, and with SCIM on."""

    creating: str
    silent: str = UNKNOWN
    scim: str = NOT_PROVISIONED


STATES: dict[str, tuple[Callable[[IdentityProvider, str], Any], Expected]] = {}


def state(*expected: str) -> Callable[[Any], Any]:
    def register(make: Callable[[IdentityProvider, str], Any]) -> Any:
        STATES[make.__name__.replace("_", " ")] = (make, Expected(*expected))
        return make

    return register


def known(idp: IdentityProvider, user: User, subject: str) -> User:
    SSOIdentity.objects.create(identity_provider=idp, subject=subject, user=user)
    return user


def subject_of(mark: str, external_id: str) -> str:
    return f"{mark}{external_id}"


# --- no record ---


@state(CREATED)
def nobody_of_that_name(idp: IdentityProvider, mark: str) -> None:
    make_user("bystander")


@state(IN)
def a_local_account(idp: IdentityProvider, mark: str) -> User:
    return make_user(NAME, email=EMAIL, password=PASSWORD)


@state("other_email")
def a_local_account_with_another_email(idp: IdentityProvider, mark: str) -> User:
    return make_user(NAME, email="john@example.test")


@state("other_username")
def a_local_account_with_another_username(idp: IdentityProvider, mark: str) -> User:
    return make_user("john", email=EMAIL)


@state(IN)
def an_invited_account(idp: IdentityProvider, mark: str) -> User:
    return invitations.invite_user(username=NAME, email=EMAIL, actor=OPERATOR)


@state("disabled_local")
def a_disabled_account(idp: IdentityProvider, mark: str) -> User:
    return make_user(NAME, email=EMAIL, status=Status.DISABLED)


@state("privileged")
def a_privileged_account(idp: IdentityProvider, mark: str) -> User:
    return make_user(NAME, email=EMAIL, role=Role.ADMINISTRATOR)


@state("break_glass")
def a_break_glass_account(idp: IdentityProvider, mark: str) -> User:
    return make_break_glass(NAME)


# --- who signed in before ---


@state(IN, IN)
def the_same_subject_was_here(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL), subject_of(mark, MINE))


@state("disabled", "disabled", "disabled")
def the_same_subject_was_here_and_is_disabled(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL, status=Status.DISABLED), subject_of(mark, MINE))


@state("break_glass", "break_glass", "break_glass")
def the_same_subject_is_a_break_glass_account_by_now(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_break_glass(NAME), subject_of(mark, MINE))


@state("other_person")
def another_subject_was_here(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL), subject_of(mark, ANOTHERS))


@state("other_person")
def another_subject_was_here_by_the_other_protocol(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL), subject_of("" if mark else "saml:", ANOTHERS))


@state("other_person")
def another_subject_was_here_under_another_email(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email="john@example.test"), subject_of(mark, ANOTHERS))


@state("other_person")
def another_subject_was_here_and_is_disabled(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL, status=Status.DISABLED), subject_of(mark, ANOTHERS))


@state("privileged")
def another_subject_is_an_administrator(idp: IdentityProvider, mark: str) -> User:
    return known(idp, make_user(NAME, email=EMAIL, role=Role.ADMINISTRATOR), subject_of(mark, ANOTHERS))


@state("other_provider")
def somebody_of_another_provider_was_here(idp: IdentityProvider, mark: str) -> User:
    return known(make_idp("Elsewhere"), make_user(NAME, email=EMAIL), subject_of(mark, MINE))


# --- what was provisioned ---


@state(IN, IN, IN)
def a_record_with_this_external_id(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, NAME, EMAIL, external_id=MINE).user


@state(IN, IN, IN)
def a_record_with_this_external_id_under_another_name(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, "john", "john@example.test", external_id=MINE).user


@state("already_linked")
def a_record_with_another_external_id(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, NAME, EMAIL, external_id=ANOTHERS).user


@state("already_linked")
def a_record_with_no_external_id(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, NAME, EMAIL).user


@state("already_linked")
def a_record_with_another_external_id_that_is_called_otherwise_by_now(idp: IdentityProvider, mark: str) -> User:
    record = provision(idp, NAME, EMAIL, external_id=ANOTHERS)
    return resend(record, "jane", "jane@example.test", external_id=ANOTHERS).user


@state("disabled", "disabled", "disabled")
def an_inactive_record_with_this_external_id(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, NAME, EMAIL, external_id=MINE, active=False).user


@state("already_linked")
def an_inactive_record_with_another_external_id(idp: IdentityProvider, mark: str) -> User:
    return provision(idp, NAME, EMAIL, external_id=ANOTHERS, active=False).user


def removed(idp: IdentityProvider, *, enabled: bool = False, **said: Any) -> User:
    record = provision(idp, NAME, EMAIL, **said)
    deprovision(record)
    if enabled:
        User.objects.filter(pk=record.user_id).update(status=Status.ENABLED)
    return User.objects.get(pk=record.user_id)


@state("disabled")
def a_removed_record_with_this_external_id(idp: IdentityProvider, mark: str) -> User:
    return removed(idp, external_id=MINE)


@state(IN)
def a_removed_record_with_this_external_id_enabled_again(idp: IdentityProvider, mark: str) -> User:
    return removed(idp, external_id=MINE, enabled=True)


@state("other_person")
def a_removed_record_with_another_external_id(idp: IdentityProvider, mark: str) -> User:
    return removed(idp, external_id=ANOTHERS)


@state("other_person")
def a_removed_record_with_another_external_id_enabled_again(idp: IdentityProvider, mark: str) -> User:
    return removed(idp, external_id=ANOTHERS, enabled=True)


@state("other_person")
def a_removed_record_with_no_external_id_enabled_again(idp: IdentityProvider, mark: str) -> User:
    return removed(idp, enabled=True)


@state("other_person")
def a_removed_record_of_this_external_id_and_another_subject(idp: IdentityProvider, mark: str) -> User:
    return known(idp, removed(idp, external_id=MINE, enabled=True), subject_of(mark, ANOTHERS))


@state("other_provider")
def a_record_of_another_provider(idp: IdentityProvider, mark: str) -> User:
    return provision(make_idp("Elsewhere"), NAME, EMAIL, external_id=MINE).user


@state("other_provider")
def a_removed_record_of_another_provider(idp: IdentityProvider, mark: str) -> User:
    return removed(make_idp("Elsewhere"), external_id=MINE, enabled=True)


# --- the doors ---


class Door:
    """A connection, and how this person comes through it."""

    def __init__(self, protocol: str, oidc: OIDCProvider, saml: SAMLProvider) -> None:
        self.protocol, self.oidc, self.saml = protocol, oidc, saml
        self.mark = "saml:" if protocol == "saml" else ""
        self.idp = make_idp("Okta", kind="okta")

    def connect(self, *, creates: bool) -> None:
        said = {
            "oidc": {},
            "saml": {**self.saml.settings, "user_name_claim": "login"},
        }[self.protocol]
        people = {"creates_users": creates, "allowed_domains": "example.test"}
        self.connection = connect(self.idp, self.protocol, **said, **people)

    def come(self, client: Client, external_id: str = MINE) -> Any:
        if self.protocol == "saml":
            return self._come_by_saml(client, external_id)
        said = {"sub": external_id, "preferred_username": NAME, "email": EMAIL}
        return self.oidc.sign_in(client, self.connection, **said)

    def _come_by_saml(self, client: Client, external_id: str) -> Any:
        attributes = {"login": [NAME], "mail": [EMAIL]}
        asked = request_id(client, self.connection)
        xml = self.saml.good(self.connection, asked, name_id=external_id, attributes=attributes)
        posted = client.post(f"/sso/{self.connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
        return client.get(posted["Location"])


@pytest.fixture(params=["oidc", "saml"])
def door(request: pytest.FixtureRequest, provider: OIDCProvider, saml_provider: SAMLProvider) -> Door:
    return Door(request.param, provider, saml_provider)


def signed_in_as(client: Client) -> str:
    page = client.get("/profile/")
    return page.context["user"].username if page.status_code == 200 else ""


class Outcome(NamedTuple):
    """In as whom, or why not; whether a conflict was left, and whether the rest stayed as it was."""

    what: str
    as_whom: str
    is_conflict: bool
    is_untouched: bool


def come(door: Door, name: str, *, scim: bool, creates: bool) -> tuple[str, Outcome]:
    """The account that was there before, and what came of it; the code of a refusal is in the log."""
    account: User | None = STATES[name][0](door.idp, door.mark)
    door.connect(creates=creates)
    set_mode(scim=scim)
    before, client = protected(), Client()
    answer = door.come(client)
    as_whom = signed_in_as(client)
    if answer.status_code == 302:
        what = CREATED if len(protected()["User"]) > len(before["User"]) else IN
        return account.username if account else NAME, Outcome(what, as_whom, False, False)
    decided = "An administrator has to decide" in answer.content.decode()
    assert decided is Conflict.objects.exists()
    return "", Outcome(str(ProvisioningLog.objects.latest("id").code), as_whom, decided, protected() == before)


def protected() -> dict[str, Any]:
    """What a refusal leaves as it was: accounts, records and who signs in as whom."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in PROTECTED}


@pytest.mark.parametrize(("scim", "creates"), [(False, True), (False, False), (True, True), (True, False)])
def test_nobody_signs_in_as_somebody_else(door: Door, scim: bool, creates: bool) -> None:
    for name, (_, expected) in each(STATES.items(), at_least=10):
        with transaction.atomic():
            account, found = come(door, name, scim=scim, creates=creates)
            transaction.set_rollback(True)
        wanted = expected.scim if scim else expected.creating if creates else expected.silent
        assert (name, found.what) == (name, wanted)
        assert (name, found.as_whom) == (name, account)
        assert found.is_untouched or found.what in {IN, CREATED}
        assert not found.is_conflict or (creates and not scim)


# --- what becomes of it ---


def test_a_namesake_comes_into_a_conflict_and_administrators_are_told_once(
    door: Door, django_capture_on_commit_callbacks: Any
) -> None:
    """The example: subject A signs in as jsmith, and B of the same provider with A's username and email."""
    make_administrator(email="adam@example.test")
    door.connect(creates=True)
    set_mode(scim=False)
    first = Client()
    door.come(first, ANOTHERS)
    account = User.objects.get(username=NAME)
    group = make_group("Secrets", account)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            second = Client()
            assert "An administrator has to decide" in door.come(second).content.decode()
            assert signed_in_as(second) == ""
    assert (signed_in_as(first), members_of(group)) == (NAME, {NAME})
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.reason, conflict.external_id, conflict.tries) == (
        account,
        "other_person",
        MINE,
        3,
    )
    (told,) = mail.outbox
    assert told.to == ["adam@example.test"]
    assert f"/admin/identity/conflict/{conflict.pk}/change/" in str(told.body)


def test_an_administrator_may_say_that_it_is_the_same_person_and_the_earlier_identity_ends(door: Door) -> None:
    door.connect(creates=True)
    set_mode(scim=False)
    first, second = Client(), Client()
    door.come(first, ANOTHERS)
    door.come(second)
    conflicts.link_conflict(Conflict.objects.get(), actor=owner())
    door.come(second)
    assert (signed_in_as(second), signed_in_as(first)) == (NAME, "")
    assert [identity.subject for identity in SSOIdentity.objects.all()] == [subject_of(door.mark, MINE)]
    assert AuditEvent.objects.get(action="user.linked").details == {"identities_forgotten": 1}
    assert "An administrator has to decide" in door.come(first, ANOTHERS).content.decode()


def test_what_was_approved_is_this_person_and_no_third_one(door: Door) -> None:
    door.connect(creates=True)
    set_mode(scim=False)
    door.come(Client(), ANOTHERS)
    door.come(Client())
    conflicts.link_conflict(Conflict.objects.get(), actor=owner())
    third = Client()
    door.come(third, "ext-c")
    assert signed_in_as(third) == ""


@pytest.mark.parametrize("was_provisioned", [False, True])
def test_or_that_it_is_a_newcomer_with_a_username_of_their_own(door: Door, was_provisioned: bool) -> None:
    if was_provisioned:
        provision(door.idp, NAME, EMAIL, external_id=ANOTHERS)
    door.connect(creates=True)
    set_mode(scim=False)
    door.come(Client(), ANOTHERS)
    door.come(Client())
    conflicts.give_own_username(Conflict.objects.get(), username="jsmith2", actor=owner())
    first, second = Client(), Client()
    door.come(second)
    door.come(first, ANOTHERS)
    assert (signed_in_as(second), signed_in_as(first)) == ("jsmith2", NAME)
