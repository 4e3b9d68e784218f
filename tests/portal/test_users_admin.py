"""The pages of users: what is shown is what may be done, and nothing else."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin import site
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from identity.core.errors import Refused
from identity.models import AuditEvent, Group, Invitation, Role, Status, User
from identity.services import invitations, users
from tests.factories import (
    OPERATOR,
    PASSWORD,
    deprovision,
    everything,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.portal.admin_pages import address, messages_of, text_of
from tests.sessions import as_administrator, as_owner, signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db

# SCIM on?, SSO enforced?
MODES = [(True, True), (True, False), (False, True), (False, False)]

# What an administrator may do to whom, mode by mode, in the order of the table in docs/design/rules.md.
ADD = {"add_to_groups"}
EDIT = {"edit_profile", "add_to_groups"}
BUTTONS: dict[str, list[set[str]]] = {
    "managed": [ADD, EDIT, EDIT | {"disable"}, EDIT | {"disable"}],
    "managed and disabled": [ADD, EDIT, EDIT | {"enable"}, EDIT | {"enable"}],
    "local": [ADD | {"disable"}, EDIT | {"disable"}, EDIT | {"disable"}, EDIT | {"disable"}],
    "local and disabled": [ADD | {"enable"}, EDIT | {"enable"}, EDIT | {"enable"}, EDIT | {"enable"}],
    "invited": [
        ADD | {"revoke_invitation"},
        EDIT | {"resend_invitation", "revoke_invitation"},
        EDIT | {"revoke_invitation"},
        EDIT | {"resend_invitation", "revoke_invitation"},
    ],
}


def invite(username: str = "ivy") -> User:
    return invitations.invite_user(username=username, email=f"{username}@example.test", actor=OPERATOR)


def make_managed(username: str = "ada") -> User:
    return provision(make_idp(), username).user


def make_disabled_managed() -> User:
    sso_user = provision(make_idp(), "ada")
    return resend(sso_user, active=False).user


PEOPLE: dict[str, Callable[[], User]] = {
    "managed": make_managed,
    "managed and disabled": make_disabled_managed,
    "local": make_user,
    "local and disabled": lambda: make_user(status=Status.DISABLED),
    "invited": invite,
}


def shown_actions(response: HttpResponse) -> set[str]:
    return set(re.findall(r'data-action="(\w+)"', response.content.decode()))


def form_of(action: str, user: User, group: Group) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "edit_profile": {"first_name": "New", "last_name": "Name", "email": user.email},
        "change_role": {"role": "support"},
        "add_to_groups": {"groups": [group.pk]},
    }
    return forms.get(action, {})


def is_done(client: Client, action: str, user: User, group: Group) -> bool:
    """Whether the POST by URL does anything; nothing of it stays."""
    with transaction.atomic():
        done = AuditEvent.objects.exclude(action="access.refused")
        before = done.count()
        answer = client.post(address(f"user_{action}", user.pk), form_of(action, user, group))
        changed = done.count() > before
        transaction.set_rollback(True)
    assert answer.status_code == 302 if changed else answer.status_code in {302, 403}, text_of(answer)
    return changed


def with_a_button() -> set[str]:
    pages = site._registry[User].pages  # type: ignore[attr-defined]
    return {page.name for page in pages if not page.of_list and page.has_button}


# --- the policy, seen and done ---


@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("kind", BUTTONS)
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OWNER])
def test_buttons_shown_are_the_actions_allowed(role: Role, kind: str, mode: int) -> None:
    user, group = PEOPLE[kind](), make_group()
    scim, sso = MODES[mode]
    set_mode(scim=scim, sso=sso)
    client = signed_in(make_user("boss", role=role))
    shown = shown_actions(client.get(address("user_change", user.pk)))
    expected = BUTTONS[kind][mode] | ({"change_role"} if role == Role.OWNER else set())
    expected |= {"end_sessions"} if user.is_active else set()
    assert shown == expected
    assert {action for action in with_a_button() if is_done(client, action, user, group)} == shown


@pytest.mark.parametrize(("scim", "sso"), MODES)
def test_the_invite_button_follows_the_mode(scim: bool, sso: bool) -> None:
    set_mode(scim=scim, sso=sso)
    client = as_administrator()
    shown = "invite" in shown_actions(client.get(address("user_changelist")))
    answer = client.post(address("user_invite"), {"username": "ivy", "email": "ivy@example.test"})
    assert shown == (answer.status_code == 302) == (not sso)
    assert User.objects.filter(username="ivy").exists() == shown


@pytest.mark.parametrize("kind", BUTTONS)
def test_support_sees_and_does_nothing_here(kind: str) -> None:
    user, group = PEOPLE[kind](), make_group()
    client = signed_in(make_support())
    assert client.get(address("user_change", user.pk)).status_code == 403
    assert client.get(address("user_changelist")).status_code == 403
    assert not [action for action in with_a_button() if is_done(client, action, user, group)]


def test_members_are_sent_away_from_every_page() -> None:
    mia = make_user("mia")
    client = signed_in(mia)
    before = everything()
    for page in site._registry[User].pages:  # type: ignore[attr-defined]
        url = address(f"user_{page.name}", *([] if page.of_list else [mia.pk]))
        answer = client.post(url, {"role": "owner"})
        assert (answer.status_code, answer["Location"].startswith("/admin/login/")) == (302, True)
    assert everything() == before


REFUSED_WITH = [
    ("edit_profile", True, True, "Editing profiles is not possible here while SCIM is on and SSO is enforced."),
    ("disable", True, False, "Enabling and disabling users is not possible here while SCIM is on"),
    ("change_role", True, False, "Changing roles and break-glass flags needs the role owner."),
]


@pytest.mark.parametrize(("action", "scim", "sso", "reason"), REFUSED_WITH)
def test_a_post_by_url_is_refused_with_the_reason(action: str, scim: bool, sso: bool, reason: str) -> None:
    user = make_managed()
    set_mode(scim=scim, sso=sso)
    client = as_administrator()
    before = everything()
    answer = client.post(address(f"user_{action}", user.pk), form_of(action, user, make_group()))
    assert answer.status_code == 403
    assert reason in text_of(answer)
    assert everything()["identity.User"] == before["identity.User"]


def test_a_refused_action_is_a_hint_on_the_page_with_who_can_do_it_instead() -> None:
    page = text_of(as_administrator().get(address("user_change", make_managed().pk)))
    assert (
        "Disable : Enabling and disabling users is not possible here while SCIM is on and SSO is not enforced. "
        "Assign or unassign the person in your identity provider. Which mode allows what" in page
    )
    assert "Change role : Changing roles and break-glass flags needs the role owner. Profile" in page


def test_whom_to_ask_for_a_deletion_is_told_on_the_page_of_somebody_disabled() -> None:
    told = "Delete permanently : Permanent deletion needs the role support."
    client = as_owner()
    assert told in text_of(client.get(address("user_change", make_disabled_managed().pk)))
    assert told not in text_of(client.get(address("user_change", make_user("mia").pk)))


def test_an_administrator_can_do_nothing_to_an_owner() -> None:
    olga = make_owner()
    client = as_administrator()
    page = client.get(address("user_change", olga.pk))
    assert shown_actions(page) == ADD
    assert "Edit profile, Disable, End sessions : Only an owner may do this to an owner." in text_of(page)
    assert client.post(address("user_disable", olga.pk)).status_code == 403


def test_get_changes_nothing() -> None:
    user, ivy, group = make_user(), invite(), make_group()
    group.memberships.create(user=user)
    client = as_owner()
    before = everything()
    for page in site._registry[User].pages:  # type: ignore[attr-defined]
        query = {"ids": user.pk} if page.of_list else {"group": group.pk}
        row = [] if page.of_list else [(ivy if "invitation" in page.name else user).pk]
        assert client.get(address(f"user_{page.name}", *row, **query)).status_code in {200, 403}
    assert everything() == before


# --- every action ---


def test_inviting_makes_an_invited_user_and_leads_to_the_page() -> None:
    client = as_administrator()
    form = {"username": "ivy", "email": "ivy@example.test", "first_name": "Ivy", "last_name": "Green"}
    answer = client.post(address("user_invite"), form, follow=True)
    ivy = User.objects.get(username="ivy")
    assert (ivy.status, ivy.display_name) == (Status.INVITED, "Ivy Green")
    assert messages_of(answer) == ["The invitation for ivy is on its way to ivy@example.test."]
    assert "Invited by adam on" in text_of(answer)


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"username": "mia", "email": "other@example.test"}, 409, "This username or email belongs to another user."),
        ({"username": "ivy", "email": "nonsense"}, 400, "email is not an email address."),
        ({"username": "", "email": ""}, 200, "This field is required."),
        ({"username": "a\0b", "email": "ivy@example.test"}, 200, "Null characters are not allowed."),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_in_words(form: dict[str, str], status: int, sentence: str) -> None:
    make_user("mia")
    answer = as_administrator().post(address("user_invite"), form)
    assert answer.status_code == status
    assert sentence in text_of(answer)
    assert not Invitation.objects.exists()


def test_an_invitation_is_sent_again_and_revoked() -> None:
    ivy, client = invite(), as_administrator()
    old = Invitation.objects.get().digest
    client.post(address("user_resend_invitation", ivy.pk))
    assert Invitation.objects.get().digest != old
    client.post(address("user_revoke_invitation", ivy.pk))
    ivy.refresh_from_db()
    assert (ivy.status, Invitation.objects.exists()) == (Status.DISABLED, False)


def test_what_follows_a_revoked_invitation_is_told_before_and_after() -> None:
    ivy, client = invite(), as_administrator()
    anew = "To invite the person anew, let support delete the account first."
    assert anew in text_of(client.get(address("user_revoke_invitation", ivy.pk)))
    client.post(address("user_revoke_invitation", ivy.pk))
    page = text_of(client.get(address("user_enable", ivy.pk)))
    assert "ivy has never signed in and has no password" in page
    assert anew in page
    assert "can sign in again" in text_of(client.get(address("user_enable", disabled_with_password().pk)))


def disabled_with_password() -> User:
    return make_user("dan", password=PASSWORD, status=Status.DISABLED)


def test_an_invitation_of_somebody_who_is_in_cannot_be_sent_again() -> None:
    answer = as_administrator().post(address("user_resend_invitation", make_user("mia").pk))
    assert answer.status_code == 403
    assert "mia has no pending invitation." in text_of(answer)


def test_a_profile_is_edited_and_the_username_is_not() -> None:
    mia = make_user("mia")
    form = {"first_name": "Mia", "last_name": "Wong", "email": "mia@new.test", "username": "root", "role": "owner"}
    as_administrator().post(address("user_edit_profile", mia.pk), form)
    mia.refresh_from_db()
    assert (mia.first_name, mia.last_name, mia.email) == ("Mia", "Wong", "mia@new.test")
    assert (mia.username, mia.role) == ("mia", Role.MEMBER)


def test_the_email_of_a_managed_user_stays() -> None:
    ada, client = make_managed(), as_administrator()
    page = client.get(address("user_edit_profile", ada.pk))
    assert "Email Okta sets the email of ada once, at first provisioning: it can't be changed here." in text_of(page)
    client.post(address("user_edit_profile", ada.pk), {"first_name": "Ada", "email": "evil@example.test"})
    ada.refresh_from_db()
    assert (ada.first_name, ada.email) == ("Ada", "ada@example.test")


def test_r13_disabling_ends_the_session_at_once() -> None:
    mia = make_user("mia")
    theirs = signed_in(mia)
    assert theirs.get("/profile/").status_code == 200
    client = as_administrator()
    client.post(address("user_disable", mia.pk))
    assert theirs.get("/profile/").status_code == 302
    client.post(address("user_enable", mia.pk))
    mia.refresh_from_db()
    assert mia.status == Status.ENABLED
    assert theirs.get("/profile/").status_code == 302


def test_r13_the_last_owner_cannot_be_disabled() -> None:
    olga = make_owner()
    answer = signed_in(olga).post(address("user_disable", olga.pk))
    assert answer.status_code == 403
    assert "This is the last enabled owner" in text_of(answer)


def test_owners_change_roles_but_never_their_own() -> None:
    olga, mia = make_owner(), make_user("mia")
    client = signed_in(olga)
    client.post(address("user_change_role", mia.pk), {"role": "administrator"})
    mia.refresh_from_db()
    assert mia.role == Role.ADMINISTRATOR
    answer = client.post(address("user_change_role", olga.pk), {"role": "member"})
    assert answer.status_code == 403
    assert "You can't change your own role or flags: ask another owner." in text_of(answer)
    assert "change_role" not in shown_actions(client.get(address("user_change", olga.pk)))


def test_an_unknown_role_is_no_role() -> None:
    mia = make_user("mia")
    assert as_owner().post(address("user_change_role", mia.pk), {"role": "god"}).status_code == 200
    mia.refresh_from_db()
    assert mia.role == Role.MEMBER


def test_a_local_owner_becomes_a_break_glass_account_and_back() -> None:
    otto, client = make_owner("otto", password=PASSWORD), as_owner()
    client.post(address("user_mark_break_glass", otto.pk))
    otto.refresh_from_db()
    assert otto.is_break_glass
    page = client.get(address("user_change", otto.pk))
    assert "Break-glass" in text_of(page)
    assert {"clear_break_glass"} == {name for name in shown_actions(page) if "glass" in name}
    client.post(address("user_clear_break_glass", otto.pk))
    otto.refresh_from_db()
    assert not otto.is_break_glass


def test_a_member_cannot_be_made_a_break_glass_account_by_url() -> None:
    mia = make_user("mia")
    answer = as_owner().post(address("user_mark_break_glass", mia.pk))
    assert answer.status_code == 403
    assert "Only a local owner can be a break-glass account." in text_of(answer)


def mapped_group() -> tuple[User, Group]:
    sso_user, group = provision(make_idp(), "ada"), make_group("Engineers")
    map_group(push_group(sso_user.identity_provider, "Engineering", sso_user), group)
    return sso_user.user, group


def test_groups_are_added_and_left_again() -> None:
    mia, readers, writers = make_user("mia"), make_group("Readers"), make_group("Writers")
    client = as_administrator()
    answer = client.post(address("user_add_to_groups", mia.pk), {"groups": [readers.pk, writers.pk]}, follow=True)
    assert messages_of(answer) == ["mia is now in Readers, Writers."]
    assert "Added by adam" in text_of(answer)
    url = address("user_remove_from_group", mia.pk, group=readers.pk)
    assert "Remove mia from Readers?" in text_of(client.get(url))
    client.post(url)
    assert (members_of(readers), members_of(writers)) == (set(), {"mia"})


def test_mapped_groups_are_not_offered_while_scim_is_on_and_refused_by_url() -> None:
    ada, engineers = mapped_group()
    mia, client = make_user("mia"), as_administrator()
    page = text_of(client.get(address("user_add_to_groups", mia.pk)))
    assert "There is no group left to add to." in page
    assert "Engineers" not in page
    assert "Add to the chosen groups" not in page
    answer = client.post(address("user_add_to_groups", mia.pk), {"groups": [engineers.pk]})
    assert answer.status_code == 403
    assert "Changing the members of a mapped group is not possible here while SCIM is on" in text_of(answer)
    removal = client.post(address("user_remove_from_group", ada.pk, group=engineers.pk))
    assert removal.status_code == 403
    assert members_of(engineers) == {"ada"}


def test_with_scim_off_mapped_groups_are_offered() -> None:
    ada, engineers = mapped_group()
    set_mode(scim=False)
    client = as_administrator()
    assert "Engineers" in text_of(client.get(address("user_add_to_groups", make_user("mia").pk)))
    client.post(address("user_remove_from_group", ada.pk, group=engineers.pk))
    assert members_of(engineers) == set()


@pytest.mark.parametrize("group", ["", "x", "999999", "99999999999999999999"])
def test_leaving_a_group_that_is_not_there_is_404(group: str) -> None:
    url = address("user_remove_from_group", make_user("mia").pk, group=group)
    assert as_administrator().get(url).status_code == 404


# --- several people ---


def ticked(action: str, *people: User) -> dict[str, Any]:
    return {"action": action, "_selected_action": [user.pk for user in people]}


def test_ticking_people_asks_before_anything_changes() -> None:
    mia, max_ = make_user("mia"), make_user("max")
    client = as_administrator()
    before = everything()
    asked = client.post(address("user_changelist"), ticked("disable_chosen", mia, max_), follow=True)
    assert everything() == before
    assert "2 users will be disabled" in text_of(asked)
    done = client.post(asked.redirect_chain[-1][0], follow=True)
    assert messages_of(done) == ["Disable users: 2 done."]
    assert User.objects.filter(status=Status.DISABLED).count() == 2


def test_people_who_cannot_be_disabled_are_named_with_the_reason_and_left_alone() -> None:
    ada, mia = make_managed(), make_user("mia")
    client = as_administrator()
    url = address("user_bulk_disable", ids=f"{ada.pk},{mia.pk}")
    page = text_of(client.get(url))
    assert "1 user will be disabled mia" in page
    assert "1 will be left as it is ada ada Enabling and disabling users is not possible here" in page
    client.post(url)
    assert set(User.objects.filter(status=Status.DISABLED)) == {mia}


def test_when_nobody_can_be_changed_the_answer_is_a_refusal() -> None:
    ada, client = make_managed(), as_administrator()
    for answer in (client.get(url := address("user_bulk_disable", ids=ada.pk)), client.post(url)):
        assert answer.status_code == 403
        assert "None of the chosen people can be disabled here." in text_of(answer)
    ada.refresh_from_db()
    assert ada.status == Status.ENABLED


def test_among_several_people_oneself_is_left_alone() -> None:
    olga, otto = make_owner(), make_owner("otto")
    client = signed_in(olga)
    url = address("user_bulk_disable", ids=f"{otto.pk},{olga.pk}")
    assert "1 will be left as it is olga olga This is you: change your own account by itself." in text_of(
        client.get(url)
    )
    client.post(url)
    assert list(User.objects.enabled_owners()) == [olga]


def test_one_refusal_does_not_undo_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    mia, max_, client = make_user("mia"), make_user("max"), as_administrator()
    enable = users.enable_user

    def refuse_max(user: User, **said: Any) -> User:
        if user.pk == max_.pk:
            raise Refused("Not now.")
        return enable(user, **said)

    User.objects.update(status=Status.DISABLED)
    User.objects.filter(username="adam").update(status=Status.ENABLED)
    monkeypatch.setattr(users, "enable_user", refuse_max)
    done = client.post(address("user_bulk_enable", ids=f"{mia.pk},{max_.pk}"), follow=True)
    assert messages_of(done) == ["Enable users: 1 done, 1 refused."]
    assert re.search("max Refused Not now.", text_of(done))
    assert User.objects.get(pk=mia.pk).is_active


def test_several_people_are_enabled() -> None:
    people = [make_user(name, status=Status.DISABLED) for name in ("mia", "max")]
    as_administrator().post(address("user_bulk_enable", ids=",".join(str(user.pk) for user in people)))
    assert User.objects.filter(pk__in=[user.pk for user in people], status=Status.ENABLED).count() == 2


def test_several_people_are_added_to_several_groups() -> None:
    mia, max_, readers = make_user("mia"), make_user("max"), make_group("Readers")
    url = address("user_bulk_add_to_groups", ids=f"{mia.pk},{max_.pk}")
    answer = as_administrator().post(url, {"groups": [readers.pk]}, follow=True)
    assert messages_of(answer) == ["Add users to groups: 2 done."]
    assert members_of(readers) == {"mia", "max"}


def test_several_people_are_not_added_to_a_mapped_group() -> None:
    _, engineers = mapped_group()
    mia = make_user("mia")
    answer = as_administrator().post(address("user_bulk_add_to_groups", ids=mia.pk), {"groups": [engineers.pk]})
    assert answer.status_code == 403
    assert members_of(engineers) == {"ada"}


# --- the list ---


def test_the_list_shows_status_last_active_source_groups_and_role() -> None:
    ada, _ = mapped_group()
    make_user("mia", first_name="Mia", last_name="Wong", last_active=timezone.now())
    make_break_glass(proven=False)
    page = text_of(as_administrator().get(address("user_changelist")))
    assert "ada ada Enabled Never Okta Engineers Member" in page
    assert re.search(r"Mia Wong mia Enabled \d+ \w{3} \d{4}, \d\d:\d\d Local None Member", page)
    assert "glass glass Enabled Never Local None Owner Break-glass" in page
    assert ada.username in page


def test_of_many_groups_the_first_three_and_the_number_are_shown() -> None:
    mia = make_user("mia")
    for number in range(5):
        make_group(f"Group {number}", mia)
    page = text_of(as_administrator().get(address("user_changelist", q="mia")))
    assert "Group 0 Group 1 Group 2 and 2 more" in page


def listed(client: Client, **query: Any) -> set[str]:
    changelist = client.get(address("user_changelist"), query).context["cl"]
    return {user.username for user in changelist.result_list}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "disabled"}, {"dan"}),
        ({"status": "invited"}, {"ivy"}),
        ({"role": "administrator"}, {"adam"}),
        ({"role": "break_glass"}, {"glass"}),
        ({"source": "local"}, {"adam", "dan", "ivy", "glass", "mia"}),
        ({"active": "ever"}, {"mia"}),
        ({"active": "never", "source": "local"}, {"adam", "dan", "ivy", "glass"}),
        ({"q": "MI"}, {"mia"}),
        ({"q": "wong"}, {"mia"}),
        ({"q": "ada@"}, {"ada"}),
        ({"q": "ia"}, set()),
        ({"q": "%"}, set()),
    ],
)
def test_the_list_is_filtered_and_searched(query: dict[str, str], found: set[str]) -> None:
    mapped_group()
    make_user("dan", status=Status.DISABLED)
    make_user("mia", last_name="Wong", last_active=timezone.now())
    make_break_glass(proven=False)
    invite()
    assert listed(as_administrator(), **query) == found


def test_the_list_is_filtered_by_source_and_group() -> None:
    ada, engineers = mapped_group()
    client = as_administrator()
    assert listed(client, source=ada.managed_by_id) == {"ada"}
    assert listed(client, group=engineers.pk) == {"ada"}


@pytest.mark.parametrize("value", ["99999999999999999999999", "-1", "x", "1' OR 1=1", "\0"])
def test_nonsense_in_an_address_or_a_form_is_never_a_server_error(value: str) -> None:
    mia, client = make_user("mia"), as_administrator()
    assert client.get(f"/admin/identity/user/{quote(value)}/change/").status_code in {302, 404}
    for parameter in ("q", "p", "status", "role", "source", "group", "active", "o"):
        assert client.get(address("user_changelist"), {parameter: value}).status_code < 500
    for page in ("user_bulk_disable", "user_bulk_add_to_groups"):
        assert client.get(address(page), {"ids": value, "q": value}).status_code < 500
    assert client.get(address("user_add_to_groups", mia.pk), {"q": value}).status_code == 200
    assert client.post(address("user_add_to_groups", mia.pk), {"groups": [value]}).status_code == 200


# --- one person ---


def test_r2_a_later_username_and_email_are_shown_beside_the_portals_and_explained() -> None:
    sso_user = provision(make_idp(), "ada")
    resend(sso_user, "ada.king")
    page = text_of(as_administrator().get(address("user_change", sso_user.user_id)))
    assert "Username ada.king ada Differs" in page
    assert "Email ada.king@example.test ada@example.test Differs" in page
    assert "Username: Okta renamed this person to ada.king later. A username is permanent" in page


def test_both_sides_that_agree_say_so() -> None:
    page = text_of(as_administrator().get(address("user_change", make_managed().pk)))
    assert "Both agree." in page
    assert "Differs" not in page


def test_groups_are_shown_with_the_reason_for_each() -> None:
    ada, _ = mapped_group()
    client = as_administrator()
    client.post(address("user_add_to_groups", ada.pk), {"groups": [make_group("Readers").pk]})
    page = text_of(client.get(address("user_change", ada.pk)))
    assert "Engineers Through the SSO group Engineering (Okta)" in page
    assert "Readers Added by adam" in page
    assert "Follows the mapping" in page
    assert "Remove : Changing the members of a mapped group is not possible here while SCIM is on" in page
    assert "Engineering → Engineers" in page


def test_a_record_that_the_idp_deleted_is_explained() -> None:
    sso_user = provision(make_idp(), "ada")
    deprovision(sso_user)
    page = text_of(as_administrator().get(address("user_change", sso_user.user_id)))
    assert "Okta has deleted its record of this person" in page


def test_a_name_full_of_markup_is_only_text() -> None:
    mia = make_user("mia", first_name="<script>alert(1)</script>")
    make_group("<img src=x onerror=alert(1)>", mia)
    client = as_administrator()
    for url in (address("user_changelist"), address("user_change", mia.pk), address("user_bulk_disable", ids=mia.pk)):
        html = client.get(url).content.decode()
        assert "<script>alert(1)" not in html
        assert "<img src=x" not in html


# --- how much a page costs ---


def test_a_persons_page_costs_the_same_statements_whatever_they_are_in() -> None:
    sso_user, client = provision(make_idp(), "ada"), as_administrator()

    def row(number: int) -> None:
        map_group(push_group(sso_user.identity_provider, f"SSO {number}", sso_user), make_group(f"Group {number}"))
        make_asset(sso_user.user, f"Asset {number}")

    same_for_many_rows(lambda: client.get(address("user_change", sso_user.user_id)), row, Most.PAGE + 1)  # with R28


def test_looking_leaves_no_event() -> None:
    mia, client = make_user("mia"), as_administrator()
    before = AuditEvent.objects.count()
    client.get(address("user_change", mia.pk))
    assert AuditEvent.objects.count() == before
