"""Invitations, assets, support and API tokens over the REST API."""

import re

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from identity.core.actors import Person
from identity.core.encryption import unseal
from identity.models import APIToken, Asset, DeletionRecord, IdempotentRequest, Invitation, Scope, Status, User
from identity.services import api_tokens
from tests import clock
from tests.clients import Script, administrators_caller, caller, ok, owners_caller, problem, supports_caller
from tests.factories import (
    deprovision,
    make_asset,
    make_group,
    make_idp,
    make_support,
    make_user,
    provision,
    set_mode,
)
from tests.sessions import signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

SAID = {"username": "mia", "email": "mia@example.test", "first_name": "Mia"}


# --- invitations ---


def test_sr23_somebody_is_invited_again_and_revoked(
    mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: type
) -> None:
    script = administrators_caller()
    with django_capture_on_commit_callbacks(execute=True):
        invited = script.do("POST", "invitations/", SAID)
    user = User.objects.get(username="mia")
    assert invited["user"] == {"id": user.pk, "username": "mia", "display_name": "Mia"}
    assert invited["invited_by"]["username"] == "adam"
    assert invited["is_expired"] is False
    path = f"invitations/{user.pk}/"
    with django_capture_on_commit_callbacks(execute=True):
        ok(script.post(f"{path}resend/"))
    links = [re.findall(r"http\S+/invitations/\S+", str(mail.body))[0] for mail in mailoutbox]
    assert [Client().get(link.partition("8000")[2]).status_code for link in links] == [404, 200]
    with clock.later(hours=72):
        assert [row["is_expired"] for row in script.read("invitations/")["results"]] == [True]
    assert script.delete(path).status_code == 204
    assert problem(script.get(path)) == (404, "not_found")
    assert User.objects.get(username="mia").status == Status.DISABLED


def test_r22_nobody_is_invited_while_sso_is_enforced() -> None:
    set_mode(sso=True)
    answer = administrators_caller().post("invitations/", SAID)
    assert problem(answer) == (403, "invite.scim_on_sso_enforced")
    assert not User.objects.filter(username="mia").exists()


def test_a_name_that_is_taken_is_409() -> None:
    make_user("mia")
    assert problem(administrators_caller().post("invitations/", SAID)) == (409, "taken")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"username": "mia"},
        {**SAID, "email": ""},
        {**SAID, "email": "x"},
        {**SAID, "role": "owner"},
        {**SAID, "username": None},
        {**SAID, "username": ["a"]},
        {**SAID, "username": "x" * 256},
        {**SAID, "username": "a\u200bb"},
    ],
)
def test_an_invitation_that_cannot_be_is_400(said: object) -> None:
    assert problem(administrators_caller().post("invitations/", said)) == (400, "invalid_value")
    assert not Invitation.objects.exists()


# --- assets ---


def test_r12_an_asset_lives_over_the_api() -> None:
    ada = provision(make_idp(), "ada").user
    zoe = make_user("zoe")
    script = administrators_caller()
    made = script.do("POST", "assets/", {"name": "Wiki", "link": "https://wiki.example.com", "owner": ada.pk})
    assert [owner["username"] for owner in made["owners"]] == ["ada"]
    path = f"assets/{made['id']}/"
    assert ok(script.patch(path, {"kind": "page"}))["link"] == "https://wiki.example.com"
    assert problem(script.delete(f"{path}owners/{ada.pk}/")) == (403, "last_asset_owner")
    assert len(script.do("POST", f"{path}owners/", {"user": zoe.pk})["owners"]) == 2
    assert [owner["username"] for owner in ok(script.delete(f"{path}owners/{ada.pk}/"))["owners"]] == ["zoe"]
    assert script.read(f"assets/?owner={zoe.pk}")["results"][0]["name"] == "Wiki"
    assert script.read(f"assets/?owner={ada.pk}")["results"] == []
    assert script.read("assets/?q=wi")["results"][0]["name"] == "Wiki"
    assert script.delete(path).status_code == 204
    assert not Asset.objects.exists()


def test_an_asset_is_handed_over_in_one_step() -> None:
    mia, zoe = make_user(), make_user("zoe")
    path = f"assets/{make_asset(mia).pk}/transfer/"
    script = administrators_caller()
    shown = script.do("POST", path, {"giver": mia.pk, "taker": zoe.pk})
    assert [owner["username"] for owner in shown["owners"]] == ["zoe"]
    assert problem(script.post(path, {"giver": mia.pk, "taker": zoe.pk})) == (403, "not_an_owner")


def test_nobody_disabled_becomes_an_owner() -> None:
    mia, dan = make_user(), make_user("dan", status=Status.DISABLED)
    asset = make_asset(mia)
    script = administrators_caller()
    for path, said in {
        "assets/": {"name": "Forge", "owner": dan.pk},
        f"assets/{asset.pk}/owners/": {"user": dan.pk},
        f"assets/{asset.pk}/transfer/": {"giver": mia.pk, "taker": dan.pk},
    }.items():
        assert problem(script.post(path, said)) == (403, "owner_disabled")
    assert [list(one.owners.all()) for one in Asset.objects.all()] == [[mia]]


def test_sr28_a_link_that_is_a_script_is_refused() -> None:
    said = {"name": "Wiki", "link": "javascript:alert(1)", "owner": make_user().pk}
    assert problem(administrators_caller().post("assets/", said)) == (400, "invalid_value")


def test_a_list_of_assets_costs_the_same_however_long() -> None:
    mia, script = make_user(), administrators_caller()
    same_for_many_rows(lambda: script.read("assets/"), lambda number: make_asset(mia, f"Asset {number}"), Most.REST)


# --- support ---


def test_r10_support_deletes_a_disabled_user_for_good() -> None:
    ada = provision(make_idp(), "ada")
    zoe = make_user("zoe")
    builders = make_group("Builders", ada.user)
    wiki = make_asset(ada.user)
    deprovision(ada)
    script = supports_caller()
    assert [row["username"] for row in script.read("support/disabled-users/")["results"]] == ["ada"]
    path = f"support/disabled-users/{ada.user_id}/"
    assert script.read(path) == {
        "user": {"id": ada.user_id, "username": "ada", "display_name": "ada"},
        "groups": [{"id": builders.pk, "name": "Builders"}],
        "owned_alone": [{"id": wiki.pk, "name": "Wiki"}],
        "owned_with_others": 0,
        "provisioned": False,
        "log_rows": 2,
    }
    said = {"username": "ada", "reason": "asked for it"}
    assert problem(script.post(f"{path}delete-permanently/", {**said, "username": "bob"})) == (400, "invalid_value")
    assert problem(script.post(f"{path}delete-permanently/", said)) == (403, "transferee_needed")
    found = script.read("support/transferees/?q=zo")["results"]
    assert [row["id"] for row in found] == [zoe.pk]
    record = ok(script.post(f"{path}delete-permanently/", {**said, "transferee": zoe.pk}))
    assert record["user_id"] == ada.user_id
    assert record["scim_ids"] == [str(ada.scim_id)]
    assert problem(script.get(path)) == (404, "not_found")
    assert list(wiki.owners.all()) == [zoe]
    assert [row["reason"] for row in script.read("support/deletions/")["results"]] == ["asked for it"]


def test_r10_kept_answers_are_erased_with_the_user_and_nothing_is_done_twice() -> None:
    script = administrators_caller()
    invited = ok(script.post("invitations/", SAID, Idempotency_Key="k1"))["user"]["id"]
    script.do("DELETE", f"invitations/{invited}/")
    said = {"username": "mia", "reason": "x"}
    ok(supports_caller().post(f"support/disabled-users/{invited}/delete-permanently/", said))
    assert problem(script.post("invitations/", SAID, Idempotency_Key="k1")) == (422, "answer_erased")
    assert not User.objects.filter(username="mia").exists()


def test_sr19_an_enabled_user_is_not_there_to_be_deleted() -> None:
    mia = make_user()
    answer = supports_caller().post(
        f"support/disabled-users/{mia.pk}/delete-permanently/", {"username": "mia", "reason": "x"}
    )
    assert problem(answer) == (404, "not_found")


def test_deleting_needs_role_scope_and_at_a_browser_a_fresh_sign_in() -> None:
    gone = make_user("gone", status=Status.DISABLED)
    path, said = f"support/disabled-users/{gone.pk}/delete-permanently/", {"username": "gone", "reason": "x"}
    assert problem(owners_caller().post(path, said)) == (403, "role_required")
    sue = make_support()
    assert problem(caller(sue, Scope.WRITE).post(path, said)) == (403, "scope_required")
    stale = Script(client=signed_in(sue, fresh=False))
    assert problem(stale.post(path, said)) == (403, "fresh_sign_in_required")
    assert not DeletionRecord.objects.exists()
    assert Script(client=signed_in(sue)).post(path, said).status_code == 200


def test_administrators_read_the_deletions_and_support_no_directory() -> None:
    administrator = administrators_caller()
    assert administrator.read("support/deletions/") == {"results": [], "next": None}
    assert problem(administrator.get("support/disabled-users/")) == (403, "role_required")
    assert problem(supports_caller().get("users/")) == (403, "role_required")


# --- API tokens, and oneself ---


def test_a_member_sees_the_own_tokens_and_revokes_them() -> None:
    mia, zoe = make_user(), make_user("zoe")
    script = caller(mia, Scope.WRITE)
    other = api_tokens.create_api_token(label="other", scopes=["read"], actor=Person(zoe))[0]
    shown = script.read("api-tokens/")["results"]
    assert [(row["user"]["username"], row["scopes"]) for row in shown] == [("mia", ["write"])]
    assert problem(script.delete(f"api-tokens/{other.pk}/")) == (404, "not_found")
    assert len(administrators_caller().read("api-tokens/")["results"]) == 3
    assert script.delete(f"api-tokens/{shown[0]['id']}/").status_code == 204
    assert problem(script.get("me/")) == (401, "invalid_token")


def test_no_token_creates_another_and_a_fresh_session_does() -> None:
    mia = make_user()
    said = {"label": "mine", "scopes": ["read"]}
    assert problem(caller(mia).post("api-tokens/", said)) == (403, "session_required")
    stale = Script(client=signed_in(mia, fresh=False))
    assert problem(stale.post("api-tokens/", said)) == (403, "fresh_sign_in_required")
    answer = Script(client=signed_in(mia)).post("api-tokens/", said)
    assert answer["Cache-Control"] == "no-store"
    assert Script(ok(answer)["secret"]).get("me/").status_code == 200
    assert APIToken.objects.filter(label="mine", user=mia).count() == 1


def test_no_token_is_shown_the_secret_of_another_by_an_idempotency_key() -> None:
    mia = make_user()
    said = {"label": "mine", "scopes": ["read"]}
    made = Script(client=signed_in(mia)).post("api-tokens/", said, Idempotency_Key="once")
    assert made.status_code == 201
    assert ok(made)["secret"] not in unseal(IdempotentRequest.objects.get().answer)
    assert problem(caller(mia).post("api-tokens/", said, Idempotency_Key="once")) == (403, "session_required")


def test_a_member_sees_the_own_profile_groups_and_assets() -> None:
    mia = make_user()
    make_group("Builders", mia)
    make_asset(mia)
    shown = caller(mia, Scope.READ).read("me/")
    assert shown["user"]["username"] == "mia"
    assert shown["token"]["scopes"] == ["read"]
    assert [row["group"]["name"] for row in shown["groups"]] == ["Builders"]
    assert [row["name"] for row in shown["assets"]] == ["Wiki"]
    assert signed_in(mia).get("/api/v1/me/?fields=token").json() == {"token": None}
