"""Nobody gains, over a right next door, what the policy refuses directly: becoming somebody above member, or ending
their access, by way of the identity provider that stands for them, of their email, or of a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import Conflicted, Refused
from identity.models import Conflict, IdentityProvider, Role, SCIMToken, SSOConnection, SSOIdentity, Status, User
from identity.services import sso_connections
from identity.services.provisioning import conflicts
from identity.services.sso_connections import ConnectionSettings
from tests.clients import caller
from tests.company.cases import Attempt, Cases, through_the_pages
from tests.factories import OPERATOR, connect, make_idp, make_token, make_user, provision, resend
from tests.portal.admin_pages import address, text_of
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

SAID = {
    "issuer": "https://idp.example",
    "client_id": "gatehouse",
    "client_secret": "s3cret",
    "subject_claim": "sub",
    "user_name_claim": "preferred_username",
}
REASON = "Okta manages or signs in people with a role above member: only an owner can"


@dataclass
class Case:
    """A right next door: what is decided, what shows that it was done, and how each door is asked."""

    action: Action
    subject: dict[str, Any]
    is_done: Callable[[], bool]
    page: tuple[str, tuple[int, ...], dict[str, Any]]
    request: tuple[str, str, dict[str, Any] | None]
    command: tuple[str, ...]


CASES: Cases[Callable[[IdentityProvider, User], Case]] = Cases()


def about(idp: IdentityProvider, is_done: Callable[[], bool], **doors: Any) -> Case:
    return Case(Action.CHANGE_TRUST, {"identity_provider": idp}, is_done, **doors)


@CASES.add
def setting_up_a_connection(idp: IdentityProvider, person: User) -> Case:
    return about(
        idp, SSOConnection.objects.exists,
        page=("identityprovider_connect_oidc", (idp.pk,), SAID),
        request=("POST", "sso-connections/", {"identity_provider": idp.pk, "protocol": "oidc", **SAID}),
        command=("create_sso_connection", idp.name, "oidc", "--issuer", SAID["issuer"], "--client-id", "x",
                 "--client-secret", "s"),
    )  # fmt: skip


def changing(name: str, value: Any) -> Callable[[IdentityProvider, User], Case]:
    def make(idp: IdentityProvider, person: User) -> Case:
        connection = connect(idp, enabled=False, **SAID)
        kept = {name: value for name, value in SAID.items() if name != "client_secret"}
        said = {name: value, "client_secret": "another"}
        shown = "on" if value is True else value
        return about(
            idp, SSOConnection.objects.filter(**{name: value}).exists,
            page=("ssoconnection_edit", (connection.pk,), {**kept, "client_secret": "another", name: shown}),
            request=("PATCH", f"sso-connections/{connection.pk}/", said),
            command=("edit_sso_connection", connection.slug, f"--{name.replace('_', '-')}", str(shown),
                     "--client-secret", "another"),
        )  # fmt: skip

    return make


CASES |= {
    f"changing the {name}": changing(name, value)
    for name, value in {
        "issuer": "https://evil.example",
        "client_id": "evil",
        "subject_claim": "email",
        "matches_by_user_name": True,
        "allowed_domains": "evil.example",
    }.items()
}


@CASES.add
def switching_a_connection_on(idp: IdentityProvider, person: User) -> Case:
    connection = connect(idp, enabled=False, **SAID)
    return about(
        idp, SSOConnection.objects.filter(is_enabled=True).exists,
        page=("ssoconnection_enable", (connection.pk,), {}),
        request=("POST", f"sso-connections/{connection.pk}/enable/", None),
        command=("enable_sso_connection", connection.slug),
    )  # fmt: skip


@CASES.add
def deleting_a_connection(idp: IdentityProvider, person: User) -> Case:
    connection = connect(idp, enabled=False, **SAID)
    return about(
        idp, lambda: not SSOConnection.objects.exists(),
        page=("ssoconnection_delete", (connection.pk,), {}),
        request=("DELETE", f"sso-connections/{connection.pk}/", None),
        command=("delete_sso_connection", connection.slug, "--yes"),
    )  # fmt: skip


@CASES.add
def creating_a_scim_token(idp: IdentityProvider, person: User) -> Case:
    return about(
        idp, SCIMToken.objects.exists,
        page=("identityprovider_create_token", (idp.pk,), {"label": "new"}),
        request=("POST", "scim-tokens/", {"identity_provider": idp.pk, "label": "new"}),
        command=("create_scim_token", "--idp", idp.name),
    )  # fmt: skip


@CASES.add
def deleting_the_identity_provider(idp: IdentityProvider, person: User) -> Case:
    return about(
        idp, lambda: not IdentityProvider.objects.exists(),
        page=("identityprovider_delete", (idp.pk,), {"name": idp.name}),
        request=("DELETE", f"identity-providers/{idp.pk}/", None),
        command=("delete_identity_provider", idp.name, "--yes"),
    )  # fmt: skip


@CASES.add
def changing_an_email(idp: IdentityProvider, person: User) -> Case:
    user = make_user("pat", role=Role(person.role))
    form = {"first_name": "", "last_name": "", "email": "evil@example.test"}
    return Case(
        Action.CHANGE_EMAIL, {"user": user}, User.objects.filter(email="evil@example.test").exists,
        page=("user_edit_profile", (user.pk,), form),
        request=("PATCH", f"users/{user.pk}/", {"email": "evil@example.test"}),
        command=("edit_user", "pat", "--email", "evil@example.test"),
    )  # fmt: skip


@CASES.add
def linking_a_conflict(idp: IdentityProvider, person: User) -> Case:
    user = make_user("pat", role=Role(person.role))
    conflict = collide(make_idp("Entra"), user)
    return Case(
        Action.RESOLVE_CONFLICTS, {"user": user}, Conflict.objects.filter(state="approved").exists,
        page=("conflict_link", (conflict.pk,), {}),
        request=("POST", f"conflicts/{conflict.pk}/link/", None),
        command=("link_conflict", str(conflict.pk)),
    )  # fmt: skip


def collide(idp: IdentityProvider, user: User) -> Conflict:
    """The identity provider sends an account that is here already, with another email."""
    with pytest.raises(Conflicted):
        provision(idp, user.username, "other@example.test")
    return Conflict.objects.get()


def give_role(user: User, role: Role) -> User:
    User.objects.filter(pk=user.pk).update(role=role)
    user.refresh_from_db()
    return user


def through_the_api(tried: Case, who: User) -> Attempt:
    answer = caller(who).send(*tried.request)
    said = json.loads(answer.content) if answer.status_code == 403 else None
    return Attempt(said["code"], said["detail"]) if said else Attempt()


# --- every role, every right next door, every door --------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", [through_the_pages, through_the_api])
def test_about_somebody_above_member_it_is_an_owners(
    door: Callable[[Any, User], Attempt], name: str, role: str
) -> None:
    """For a support person, who is the least above member."""
    idp = make_idp()
    tried, who = CASES[name](idp, give_role(provision(idp).user, Role.SUPPORT)), make_user("actor", role=Role(role))
    decision = policy.decide(tried.action, actor=Person(who), **tried.subject)
    attempt = door(tried, who)
    assert bool(decision) is tried.is_done() is (role == Role.OWNER)
    if role == Role.ADMINISTRATOR:
        assert decision.code == "owner_required"
        assert attempt.code in {None, "owner_required"}
        # A form's field that is shut says so beside the field, and what is typed there is not taken.
        assert attempt.sentence is None or decision.reason in attempt.sentence


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", [through_the_pages, through_the_api])
def test_about_members_it_is_an_administrators(door: Callable[[Any, User], Attempt], name: str) -> None:
    idp = make_idp()
    tried, who = CASES[name](idp, provision(idp).user), make_user("actor", role=Role.ADMINISTRATOR)
    assert policy.decide(tried.action, actor=Person(who), **tried.subject).code == "allowed"
    attempt = door(tried, who)
    assert (attempt.code, attempt.sentence) == (None, None)
    assert tried.is_done()


@pytest.mark.parametrize("name", CASES)
def test_a_command_has_an_owners_rank(name: str) -> None:
    idp = make_idp()
    tried = CASES[name](idp, give_role(provision(idp).user, Role.OWNER))
    call_command(*tried.command, "--json", stdout=StringIO(), stderr=StringIO())
    assert tried.is_done()


# --- for whom an identity provider stands -----------------------------------------------------------------


def managed(idp: IdentityProvider) -> User:
    return provision(idp).user


def removed_there(idp: IdentityProvider) -> User:
    user = provision(idp).user
    user.sso_user.delete()
    return user


def signing_in(idp: IdentityProvider) -> User:
    user = make_user("ada")
    SSOIdentity.objects.create(identity_provider=idp, subject="1", user=user)
    return user


def approved(idp: IdentityProvider) -> User:
    user = make_user("ada")
    conflicts.link_conflict(collide(idp, user), actor=OPERATOR)
    return user


@pytest.mark.parametrize("status", [Status.ENABLED, Status.DISABLED])
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("bond", [managed, removed_there, signing_in, approved])
def test_an_identity_provider_stands_for_whom_it_manages_signs_in_or_will_take_over(
    bond: Callable[[IdentityProvider], User], role: Role, status: Status
) -> None:
    idp, other = make_idp(), make_idp("Entra")
    user = give_role(bond(idp), role)
    User.objects.filter(pk=user.pk).update(status=status)
    assert IdentityProvider.objects.get(pk=idp.pk).stands_for_privileged is (role != Role.MEMBER)
    assert not IdentityProvider.objects.get(pk=other.pk).stands_for_privileged


# --- what stays an administrator's, what is hidden, and who is told ---------------------------------------


@pytest.fixture
def okta() -> IdentityProvider:
    idp = make_idp()
    give_role(provision(idp).user, Role.OWNER)
    return idp


def test_in_an_emergency_an_administrator_takes_a_connection_off_and_revokes_tokens(okta: IdentityProvider) -> None:
    connection = connect(okta, enabled=False, **SAID)
    sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)
    call_command("create_scim_token", "--idp", "Okta", stdout=StringIO(), stderr=StringIO())
    adam = caller(make_user("adam", role=Role.ADMINISTRATOR))
    assert adam.post(f"sso-connections/{connection.pk}/disable/").status_code == 200
    assert adam.delete(f"scim-tokens/{SCIMToken.objects.get().pk}/").status_code == 204
    assert adam.post(f"sso-connections/{connection.pk}/enable/").status_code == 403


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OWNER])
def test_buttons_are_shown_to_owners_and_the_reason_to_administrators(okta: IdentityProvider, role: Role) -> None:
    connection = connect(okta, enabled=False, **SAID)
    client = signed_in(make_user("actor", role=role))
    shown = {
        page: links_of(client, address(page, key))
        for page, key in (
            ("identityprovider_change", okta.pk),
            ("identityprovider_set_up", okta.pk),
            ("ssoconnection_change", connection.pk),
        )
    }
    hidden = {
        address("identityprovider_create_token", okta.pk),
        address("identityprovider_connect_oidc", okta.pk),
        address("identityprovider_delete", okta.pk),
        address("ssoconnection_edit", connection.pk),
        address("ssoconnection_enable", connection.pk),
    }
    found = {link for _, links in shown.values() for link in links} & hidden
    assert found == (hidden if role == Role.OWNER else set())
    assert all((REASON in text) is (role != Role.OWNER) for text, _ in shown.values())


def links_of(client: Client, url: str) -> tuple[str, set[str]]:
    page = client.get(url)
    return text_of(page), {part.partition('"')[0] for part in page.content.decode().split('href="')[1:]}


def test_a_client_secret_is_not_sent_to_another_issuer(okta: IdentityProvider) -> None:
    connection = connect(okta, enabled=False, **SAID)
    owner = caller(make_user("root", role=Role.OWNER))
    path = f"sso-connections/{connection.pk}/"
    refused = owner.patch(path, {"issuer": "https://evil.example"})
    assert refused.status_code == 400
    assert "client secret must be entered again" in refused.content.decode()
    connection.refresh_from_db()
    assert connection.issuer == "https://idp.example"
    assert owner.patch(path, {"issuer": "https://new.example", "client_secret": "new"}).status_code == 200
    assert owner.patch(path, {"issuer": "https://new.example/"}).status_code == 200


def test_owners_are_told_by_mail_whenever_somebody_changes_who_is_believed(
    okta: IdentityProvider, django_capture_on_commit_callbacks: Any
) -> None:
    actor = Person(make_user("root", role=Role.OWNER))
    make_user("off", role=Role.OWNER, status=Status.DISABLED)
    with django_capture_on_commit_callbacks(execute=True):
        connection = sso_connections.create_connection(
            okta, protocol="oidc", said=ConnectionSettings(**SAID), actor=actor
        )
        said = ConnectionSettings(**{**SAID, "issuer": "https://new.example"})
        sso_connections.edit_connection(connection, said=said, actor=actor)
        sso_connections.set_connection_enabled(connection, True, actor=actor)
        sso_connections.set_connection_enabled(connection, False, actor=actor)
        sso_connections.delete_connection(connection, actor=actor)
        call_command("create_scim_token", "--idp", "Okta", stdout=StringIO(), stderr=StringIO())
        call_command("delete_identity_provider", "Okta", "--yes", stdout=StringIO(), stderr=StringIO())
    told = [str(message.subject) for message in mail.outbox if message.to == ["root@example.test"]]
    assert told == [
        "Okta: SSO connection created",
        "Okta: SSO connection changed",
        "Okta: SSO connection switched on",
        "Okta: SSO connection switched off",
        "Okta: SSO connection deleted",
        "Okta: SCIM token created",
        "Okta: Identity provider deleted",
    ]
    assert {message.to[0] for message in mail.outbox} == {"root@example.test", "ada@example.test"}
    assert "issuer" in str(mail.outbox[2].body)
    assert "root has just changed" in str(mail.outbox[0].body)
    assert "s3cret" not in str([message.body for message in mail.outbox])


def test_before_a_member_is_given_a_role_it_is_told_who_could_act_as_them() -> None:
    idp = make_idp()
    ada = provision(idp).user
    make_token(idp)
    owner = signed_in(make_user("root", role=Role.OWNER))
    page = text_of(owner.get(address("user_change_role", ada.pk)))
    assert "Okta manages this account. Above member, only owners create its SCIM tokens" in page
    assert "(1 token)" in page
    give_role(ada, Role.SUPPORT)
    assert "Okta manages this account" not in text_of(owner.get(address("user_change_role", ada.pk)))


# --- emails -----------------------------------------------------------------------------------------------


def test_an_administrator_does_not_change_their_own_email(client: Client) -> None:
    """Nor those of their like: a reset link goes there; who is above member is an owner's (docs/design/rules.md)."""
    adam = make_user("adam", role=Role.ADMINISTRATOR)
    assert caller(adam).patch(f"users/{adam.pk}/", {"email": "evil@example.test"}).status_code == 403
    assert caller(adam).patch(f"users/{adam.pk}/", {"first_name": "Adam"}).status_code == 200


def test_the_field_of_an_email_is_shut_with_the_reason() -> None:
    eve = make_user("eve", role=Role.SUPPORT)
    page = signed_in(make_user("adam", role=Role.ADMINISTRATOR)).get(address("user_edit_profile", eve.pk))
    assert "eve has the role support: only an owner can change the email." in text_of(page)


def test_both_addresses_are_told_and_reset_links_die(django_capture_on_commit_callbacks: Any, client: Client) -> None:
    mia = make_user("mia", password="correct horse battery staple")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/password/reset/", {"name": "mia"})
    link = str(mail.outbox[0].body).partition("/password/reset/")[2].split()[0]
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        caller(make_user("root", role=Role.OWNER)).patch(f"users/{mia.pk}/", {"email": "new@example.test"})
    told = [message.to[0] for message in mail.outbox if "Email address changed" in str(message.subject)]
    assert told == ["mia@example.test", "new@example.test"]
    assert "new@example.test" not in str(mail.outbox[0].body)
    answer = client.get(f"/password/reset/{link}", follow=True)
    assert "password" not in {field for form in [answer.context.get("form")] if form for field in form.fields}


def test_a_scim_token_that_an_administrator_may_not_create_is_no_way_round_the_last_owner(
    okta: IdentityProvider,
) -> None:
    """The safeguards behind it stay: the last enabled owner is disabled by nobody (R13)."""
    with pytest.raises(Refused) as refusal:
        resend(User.objects.get(username="ada").sso_user, active=False)
    assert refusal.value.code == "last_enabled_owner"
