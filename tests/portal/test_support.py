"""Support: disabled users, and deleting them for good (R10, SR-19)."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from identity.models import (
    Asset,
    AuditEvent,
    AuditPersonalData,
    DeletionRecord,
    ProvisioningLog,
    SSOUser,
    Status,
    User,
)
from identity.services.provisioning.log import log_refusal
from tests.factories import (
    deprovision,
    everything,
    idp_actor,
    make_administrator,
    make_asset,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_user,
    provision,
)
from tests.portal.admin_pages import address, messages_of, text_of
from tests.sessions import signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

LIST = "/admin/disabled-users/"


@pytest.fixture
def client() -> Client:
    return signed_in(make_support())


def disabled(username: str = "mia", **columns: Any) -> User:
    return make_user(username, status=Status.DISABLED, **columns)


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/delete/"


def delete(client: Client, user: User, **said: Any) -> HttpResponse:
    data = {"username": user.username, "reason": "Left the company", **said}
    return client.post(page_of(user), data, follow=True)  # type: ignore[return-value]


# --- the list ---


def test_the_list_shows_disabled_users_only(client: Client) -> None:
    disabled("mia", first_name="Mia", last_name="Moss")
    make_user("max")
    deprovision(provision(make_idp(), "ada"))
    text = text_of(client.get(LIST))
    assert "ada ada ada@example.test Never Okta Delete permanently" in text
    assert "Mia Moss mia mia@example.test Never Local Delete permanently" in text
    assert "max" not in text


def test_the_list_is_searched_by_name_username_and_email(client: Client) -> None:
    disabled("mia", last_name="Moss")
    disabled("max")
    text = text_of(client.get(LIST, {"q": "moss"}))
    assert "mia@example.test" in text
    assert "max@example.test" not in text
    assert "No disabled user matches “zoe”." in text_of(client.get(LIST, {"q": "zoe"}))


def test_an_empty_list_says_so(client: Client) -> None:
    assert "No disabled users" in text_of(client.get(LIST))


@pytest.mark.parametrize("make", [make_administrator, make_owner])
def test_administrators_and_owners_do_not_delete(make: Any) -> None:
    user = disabled()
    other = signed_in(make())
    assert other.get(LIST).status_code == 403
    assert other.get(page_of(user)).status_code == 403
    answer = other.post(page_of(user), {"username": "mia", "reason": "no"})
    assert answer.status_code == 403
    assert "needs the role support" in text_of(answer)
    assert User.objects.filter(pk=user.pk).exists()


def test_members_do_not_get_in() -> None:
    user = disabled()
    assert signed_in(make_user("bob")).post(page_of(user)).status_code == 302
    assert User.objects.filter(pk=user.pk).exists()


def test_support_sees_nothing_of_the_directory(client: Client) -> None:
    assert client.get(address("user_changelist")).status_code == 403
    assert client.get(address("user_change", disabled().pk)).status_code == 403


def test_the_list_needs_the_same_statements_for_many(client: Client) -> None:
    same_for_many_rows(lambda: client.get(LIST), lambda number: disabled(f"user{number}"), Most.LIST)


# --- before ---


def test_the_page_says_who_it_is_what_goes_and_what_stays(client: Client) -> None:
    sso_user = provision(make_idp(), "ada", first_name="Ada", last_name="L")
    user = sso_user.user
    make_group("Builders", user)
    User.objects.filter(pk=user.pk).update(status=Status.DISABLED)
    text = text_of(client.get(page_of(user)))
    assert "Delete Ada L permanently?" in text
    assert "Username ada Email ada@example.test Status Disabled Role Member Last active Never Source Okta" in text
    assert "Groups Builders" in text
    assert "The record of Okta." in text
    assert "the contents of 1 entry of the provisioning log" in text
    assert "Needs a new owner" not in text


def test_looking_changes_nothing(client: Client) -> None:
    user = disabled()
    client.get(page_of(user))
    before = everything()
    client.get(LIST)
    client.get(page_of(user), {"q": "m"})
    assert everything() == before


def test_a_fresh_sign_in_is_asked_for() -> None:
    user = disabled()
    answer = signed_in(make_support(), fresh=False).post(page_of(user), {"username": "mia", "reason": "x"})
    assert answer["Location"].startswith("/confirm-password/")
    assert User.objects.filter(pk=user.pk).exists()


def test_who_is_enabled_is_not_found(client: Client) -> None:
    user = make_user("max")
    assert client.get(page_of(user)).status_code == 404
    assert client.post(page_of(user), {"username": "max", "reason": "x"}).status_code == 404
    assert client.get(f"{LIST}nonsense/delete/").status_code == 404


# --- deleting ---


def test_r10_a_disabled_user_is_deleted_and_a_record_stays(client: Client) -> None:
    sso_user = provision(make_idp(), "ada")
    User.objects.filter(pk=sso_user.user_id).update(status=Status.DISABLED)
    answer = delete(client, sso_user.user)
    assert messages_of(answer) == ["ada was deleted permanently."]
    assert not User.objects.filter(username="ada").exists()
    assert not SSOUser.objects.exists()
    assert not AuditPersonalData.objects.filter(user_id=sso_user.user_id).exists()
    assert AuditEvent.objects.filter(user_id=sso_user.user_id, action="user.deleted_permanently").exists()
    record = DeletionRecord.objects.get()
    assert (record.user_id, record.reason) == (sso_user.user_id, "Left the company")
    assert record.deleted_by_id == User.objects.get(username="sue").pk


def test_a_wrong_username_deletes_nothing_and_says_why(client: Client) -> None:
    user = disabled()
    before = everything()
    answer = delete(client, user, username="mai")
    assert "This is not the username: type mia" in text_of(answer)
    assert 'value="mai"' in answer.content.decode()
    assert "Left the company" in answer.content.decode()
    assert everything() == before


def test_a_reason_is_needed(client: Client) -> None:
    user = disabled()
    assert "This field is required." in text_of(delete(client, user, reason=" "))
    assert User.objects.filter(pk=user.pk).exists()


def test_the_username_is_compared_as_everywhere(client: Client) -> None:
    user = disabled()
    delete(client, user, username=" MIA ")
    assert not User.objects.filter(pk=user.pk).exists()


def test_assets_owned_alone_need_somebody_who_takes_over(client: Client) -> None:
    user, max_ = disabled(), make_user("max", first_name="Max", last_name="M")
    asset = make_asset(user, "Wiki")
    assert "mia alone owns: Wiki" in text_of(client.get(page_of(user)))
    assert "1 asset has no other owner: say who takes it over." in text_of(delete(client, user))
    assert User.objects.filter(pk=user.pk).exists()
    answer = delete(client, user, transferee=max_.pk)
    assert messages_of(answer) == ["mia was deleted permanently. Max M owns 1 asset now."]
    assert list(Asset.objects.get(pk=asset.pk).owners.all()) == [max_]


def test_whom_the_search_finds_can_take_over_and_a_choice_survives_a_mistake(client: Client) -> None:
    user, zoe = disabled(), make_user("zoe")
    make_asset(user)
    for number in range(12):
        make_user(f"anna{number:02}")
    text = text_of(client.get(page_of(user)))
    assert "zoe" not in text
    assert "More people match" in text
    assert "zoe" in text_of(client.get(page_of(user), {"q": "zo"}))
    answer = delete(client, user, transferee=zoe.pk, username="wrong")
    assert f'value="{zoe.pk}" checked' in answer.content.decode()


@pytest.mark.parametrize(
    ("transferee", "told"),
    [
        ("0", "Choose one of the people found."),
        ("nonsense", "Choose one of the people found."),
        ("disabled", "max is disabled: choose an active user."),
    ],
)
def test_nonsense_takes_nothing_over(client: Client, transferee: str, told: str) -> None:
    user = disabled()
    make_asset(user)
    other = disabled("max")
    chosen = str(other.pk) if transferee == "disabled" else transferee
    assert told in text_of(delete(client, user, transferee=chosen))
    assert Asset.objects.get().owners.get() == user


def test_the_preflight_counts_what_the_log_tells_of_the_person_also_before_there_was_an_account(client: Client) -> None:
    """The figure is what is erased, not what is linked to the account."""
    idp = make_idp()
    sso_user = provision(idp, "mia", active=False)
    log_refusal("No.", actor=idp_actor(idp), status=409, code="taken", resource_type="User", subject_key="mia")
    text = text_of(client.get(page_of(sso_user.user)))
    told = ProvisioningLog.objects.count()
    assert told > ProvisioningLog.objects.filter(user=sso_user.user).count()
    assert f"the contents of {told} entries of the provisioning log" in text
    delete(client, sso_user.user)
    assert ProvisioningLog.objects.filter(what="erased").count() == told


# --- the records ---


def test_the_list_of_deletions_says_who_when_and_why(client: Client) -> None:
    user = disabled()
    delete(client, user)
    for reader in (client, signed_in(make_administrator())):
        text = text_of(reader.get(address("deletionrecord_changelist")))
        assert f"user {user.pk}" in text
        assert "sue Left the company" in text
        assert "mia" not in text


def test_a_record_answers_whether_it_was_this_person(client: Client) -> None:
    user, other = disabled(), disabled("max")
    delete(client, user)
    delete(client, other)
    for asked in ("MIA", "mia@example.test"):
        text = text_of(client.get(address("deletionrecord_changelist"), {"q": asked}))
        assert f"user {user.pk} " in text
        assert f"user {other.pk} " not in text


def test_a_record_has_its_page(client: Client) -> None:
    delete(client, disabled())
    record = DeletionRecord.objects.get()
    text = text_of(client.get(address("deletionrecord_change", record.pk)))
    assert "Deleted by sue Reason Left the company" in text
    assert record.username_digest in text


def test_nobody_changes_a_record(client: Client) -> None:
    delete(client, disabled())
    record = DeletionRecord.objects.get()
    assert client.post(address("deletionrecord_change", record.pk), {"reason": "x"}).status_code == 405
    assert client.post(address("deletionrecord_delete", record.pk), {"post": "yes"}).status_code == 403
    assert DeletionRecord.objects.get().reason == "Left the company"
