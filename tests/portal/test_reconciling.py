"""Reconcile now, through pages, REST and the command (R28)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from identity.models import AuditEvent, Group, GroupMapping, IdentityProvider, Membership, Role, Status, User
from identity.services import users
from tests.clients import administrators_caller, ok
from tests.factories import (
    OPERATOR,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
)
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer, refusal, run
from tests.sessions import as_administrator
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def okta() -> IdentityProvider:
    """Ada was disabled and taken out of her mapped group while SCIM was off; Grace came in."""
    provider = make_idp("Okta")
    ada, grace = provision(provider), provision(provider, "grace")
    map_group(push_group(provider, "Engineering", ada), make_group("Builders"))
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    Membership.objects.all().delete()
    Membership.objects.create(group=Group.objects.get(), user=grace.user)
    set_mode()
    return provider


def state() -> tuple[str, set[str]]:
    return User.objects.get(username="ada").status, members_of(Group.objects.get())


def of(kind: str, provider: IdentityProvider) -> Any:
    return {
        "user": lambda: User.objects.get(username="ada"),
        "groupmapping": GroupMapping.objects.get,
        "identityprovider": lambda: provider,
    }[kind]()


AFTER = {
    "user": (Status.ENABLED, {"ada", "grace"}),
    "groupmapping": (Status.DISABLED, {"ada"}),
    "identityprovider": (Status.ENABLED, {"ada"}),
}
kinds = pytest.mark.parametrize("kind", AFTER)


def fingerprint(client: Client, url: str) -> str:
    found = re.search(r'name="fingerprint" value="(\w+)"', client.get(url).content.decode())
    return found[1] if found else ""


@kinds
def test_the_pages_show_what_differs_and_apply_exactly_that(okta: IdentityProvider, kind: str) -> None:
    client, before = as_administrator(), state()
    url = address(f"{kind}_reconcile", of(kind, okta).pk)
    page = text_of(client.get(url))
    assert ("1 becomes enabled ada" if kind == "user" else "1 joins ada") in page
    assert ("1 becomes enabled ada" in page) == (kind != "groupmapping")
    assert ("1 leaves grace" in page) == (kind != "user")
    assert state() == before
    answered = client.post(url, {"fingerprint": fingerprint(client, url)}, follow=True)
    assert "is as the identity provider said last." in text_of(answered)
    assert state() == AFTER[kind]


@kinds
def test_a_page_tells_where_nothing_differs(okta: IdentityProvider, kind: str) -> None:
    run("reconcile", "--idp", "Okta", "--yes")
    page = as_administrator().get(address(f"{kind}_reconcile", of(kind, okta).pk))
    assert "Nothing differs from what the identity provider last sent." in text_of(page)
    assert 'type="submit" class="gh-button gh-button-primary"' not in page.content.decode()


def test_a_user_who_differs_has_a_button_and_the_others_have_none(okta: IdentityProvider) -> None:
    client, mia = as_administrator(), make_user("mia")
    url = address("user_reconcile", of("user", okta).pk)
    assert url in client.get(address("user_change", of("user", okta).pk)).content.decode()
    assert address("user_reconcile", mia.pk) not in client.get(address("user_change", mia.pk)).content.decode()


def test_a_mapping_is_reconciled_from_the_pages_of_both_its_groups(okta: IdentityProvider) -> None:
    client, mapping = as_administrator(), GroupMapping.objects.get()
    url = address("groupmapping_reconcile", mapping.pk)
    for page in ("group_change", "ssogroup_change"):
        pk = mapping.group_id if page == "group_change" else mapping.sso_group_id
        assert url in client.get(address(page, pk)).content.decode()
        set_mode(scim=False)
        assert url not in client.get(address(page, pk)).content.decode()
        set_mode()


def test_the_mismatch_report_of_what_arrived_leads_there(okta: IdentityProvider) -> None:
    client, url = as_administrator(), address("conflict_mismatch_report")
    there = address("identityprovider_reconcile", okta.pk)
    assert there in client.post(url, {"provider": okta.pk}).content.decode()
    assert there not in client.post(url, {"names": "ada"}).content.decode()


@kinds
def test_rest_previews_and_applies_exactly_that(okta: IdentityProvider, kind: str) -> None:
    name = {"groupmapping": "mapping", "identityprovider": "identity_provider"}.get(kind, kind)
    pk, script, before = of(kind, okta).pk, administrators_caller(), state()
    shown = script.read(f"reconciliation/?{name}={pk}")
    assert [user["username"] for user in shown["enables"]["users"]] == ([] if kind == "groupmapping" else ["ada"])
    (group,) = shown["groups"]
    assert [user["username"] for user in group["joins"]["users"]] == ["ada"]
    assert state() == before
    body = {name: pk, "fingerprint": shown["fingerprint"]}
    assert ok(script.post("reconciliation/", body)) == shown
    assert state() == AFTER[kind]
    again = script.post("reconciliation/", body)
    assert (again.status_code, again.json()["code"]) == (403, "nothing_differs")


def test_rest_refuses_what_has_changed_since(okta: IdentityProvider) -> None:
    script = administrators_caller()
    seen = script.read(f"reconciliation/?identity_provider={okta.pk}")["fingerprint"]
    Membership.objects.all().delete()
    late = script.post("reconciliation/", {"identity_provider": okta.pk, "fingerprint": seen})
    assert (late.status_code, late.json()["code"]) == (409, "outdated")


@pytest.mark.parametrize("said", [{}, {"user": 1, "mapping": 1}])
def test_rest_wants_exactly_one_subject(said: dict[str, int]) -> None:
    answered = administrators_caller().post("reconciliation/", {**said, "fingerprint": "x"})
    assert answered.status_code == 400


WORDS = {
    "user": ("--user", "ada"),
    "groupmapping": ("--mapping", "Engineering", "Builders"),
    "identityprovider": ("--idp", "Okta"),
}


@kinds
def test_the_command_shows_first_and_applies_with_yes(okta: IdentityProvider, kind: str) -> None:
    before = state()
    facts = answer("reconcile", *WORDS[kind])
    assert facts["dry_run"]
    assert facts["enabling"] == ([] if kind == "groupmapping" else ["ada"])
    assert facts["groups"] == ["Builders"]
    assert state() == before
    assert refusal("reconcile", *WORDS[kind], "--yes", "--fingerprint", "another")[0] == 7
    run("reconcile", *WORDS[kind], "--yes", "--fingerprint", facts["fingerprint"])
    assert state() == AFTER[kind]
    event = AuditEvent.objects.get(action="access.reconciled")
    assert (event.actor_kind, event.actor_label) == ("operator", "manage.py reconcile")


@pytest.mark.parametrize("words", [(), ("--user", "ada", "--idp", "Okta")])
def test_the_command_says_what_it_needs(okta: IdentityProvider, words: tuple[str, ...]) -> None:
    assert refusal("reconcile", *words)[0] == 2


def test_an_owner_reconciles_people_above_member(okta: IdentityProvider) -> None:
    User.objects.filter(username="ada").update(role=Role.SUPPORT)
    page = as_administrator().get(address("user_reconcile", of("user", okta).pk))
    assert page.status_code == 403
    assert "owner" in text_of(page)


def test_reconciling_costs_the_same_statements_however_many_move(okta: IdentityProvider) -> None:
    def cost() -> int:
        with statements() as counted:
            run("reconcile", "--mapping", "Engineering", "Builders", "--yes")
        return len(counted)

    few = cost()
    assert few == 25
    Membership.objects.bulk_create(
        Membership(group=Group.objects.get(), user=make_user(f"user{number}")) for number in range(30)
    )
    assert cost() == few
