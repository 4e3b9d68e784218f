"""The conflicts inbox (R6, R7)."""

import re
from html import unescape

import pytest
from django.test import Client

from identity.core.errors import Conflicted
from identity.models import Conflict, IdentityProvider, Role, SSOUser, User
from tests.factories import (
    everything,
    make_break_glass,
    make_idp,
    make_support,
    make_user,
    provision,
    resend,
)
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_owner, signed_in

pytestmark = pytest.mark.django_db


def refused_once(idp: IdentityProvider, user_name: str = "mia", email: str = "other@example.test") -> Conflict:
    """The IdP sends somebody who is here with another email."""
    with pytest.raises(Conflicted):
        provision(idp, user_name, email)
    return Conflict.objects.get()


def test_both_identities_stand_side_by_side_and_the_difference_is_marked(admin: Client) -> None:
    make_user("mia")
    conflict = refused_once(make_idp())
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert "Same username, another email" in page
    assert "Username mia mia" in page
    assert "Email other@example.test mia@example.test Differs" in page
    assert "What you can decide Link It is the same person." in page


def test_the_list_shows_open_ones_first(admin: Client) -> None:
    make_user("mia")
    make_user("max")
    idp = make_idp()
    first = refused_once(idp)
    admin.post(address("conflict_dismiss", first.pk))
    with pytest.raises(Conflicted):
        provision(idp, "max", "else@example.test")
    page = text_of(admin.get(address("conflict_changelist")))
    assert page.index("max Open") < page.index("mia Dismissed")


def test_r7_after_link_the_next_try_succeeds(admin: Client) -> None:
    mia = make_user("mia")
    idp = make_idp()
    conflict = refused_once(idp)
    admin.post(address("conflict_link", conflict.pk))
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.APPROVED
    sso_user = provision(idp, "mia", "other@example.test")
    assert sso_user.user == mia
    assert (sso_user.user.username, sso_user.user.email) == ("mia", "mia@example.test")
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.RESOLVED


def test_r7_dismiss_leaves_the_account_alone(admin: Client) -> None:
    make_user("mia")
    idp = make_idp()
    conflict = refused_once(idp)
    admin.post(address("conflict_dismiss", conflict.pk))
    with pytest.raises(Conflicted):
        provision(idp, "mia", "other@example.test")
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.DISMISSED
    assert not SSOUser.objects.exists()


def test_r7_move_lets_the_account_leave_its_other_provider(admin: Client) -> None:
    okta, entra = make_idp("Okta"), make_idp("Entra", kind="entra")
    mia = provision(okta, "mia").user
    conflict = refused_once(entra, "mia", "mia@example.test")
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert "Move here" in page
    assert admin.post(address("conflict_link", conflict.pk)).status_code == 403
    admin.post(address("conflict_move", conflict.pk))
    assert provision(entra, "mia").user == mia
    assert SSOUser.objects.get(user=mia).identity_provider == entra


@pytest.mark.parametrize("manager", ["nobody", "this one", "the other one"])
def test_an_account_is_moved_only_while_another_provider_manages_it(admin: Client, manager: str) -> None:
    """The conflict says so of the day it was met; what the account is today decides between linking and moving."""
    okta, entra = make_idp("Okta"), make_idp("Entra", kind="entra")
    mia = provision(okta, "mia").user
    conflict = refused_once(entra, "mia", "mia@example.test")
    now = {"nobody": None, "this one": entra, "the other one": okta}[manager]
    SSOUser.objects.filter(user=mia).delete()
    User.objects.filter(pk=mia.pk).update(managed_by=now)
    page = admin.get(address("conflict_change", conflict.pk)).content.decode()
    offered = {name for name in ("link", "move") if address(f"conflict_{name}", conflict.pk) in page}
    assert offered == ({"move"} if manager == "the other one" else {"link"})
    admin.post(address(f"conflict_{offered.pop()}", conflict.pk))
    assert provision(entra, "mia").user == mia


def test_r7_own_username_lets_a_newcomer_in(admin: Client) -> None:
    make_user("mia")
    idp = make_idp()
    conflict = refused_once(idp)
    assert "Own username It is another person." in text_of(admin.get(address("conflict_change", conflict.pk)))
    form = address("conflict_own_username", conflict.pk)
    assert admin.get(form).status_code == 200
    assert "belongs to another user" in text_of(admin.post(form, {"username": "MIA"}))
    assert admin.post(form, {"username": "mia.two"}).status_code == 302
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert "next try with exactly these data creates the user mia.two" in page
    assert provision(idp, "mia", "other@example.test").user.username == "mia.two"
    assert "Created as mia.two" in text_of(admin.get(address("conflict_change", conflict.pk)))


def test_after_a_rename_the_page_offers_nothing_but_what_helps(admin: Client) -> None:
    idp = make_idp()
    resend(provision(idp, "mia"), "mia.old", "mia.old@example.test")
    conflict = refused_once(idp, "mia", "mia@example.test")
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert (
        "is the permanent username of the portal user mia, whose userName at this identity provider is mia.old" in page
    )
    assert "Own username" in page
    assert "This one can't be linked." in page
    asked = text_of(admin.get(address("conflict_own_username", conflict.pk)))
    assert "The email mia@example.test stays with the existing account" in asked


def test_a_privileged_account_needs_an_owner(admin: Client) -> None:
    make_user("mia", role=Role.SUPPORT)
    conflict = refused_once(make_idp())
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert "only an owner can link it" in page
    assert admin.post(address("conflict_link", conflict.pk)).status_code == 403
    assert as_owner().post(address("conflict_link", conflict.pk)).status_code == 302
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.APPROVED


def test_a_break_glass_account_can_not_be_linked(admin: Client) -> None:
    make_break_glass("mia")
    conflict = refused_once(make_idp())
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert "This one can't be linked" in page
    assert as_owner().post(address("conflict_link", conflict.pk)).status_code == 403


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("okta", "Dashboard → Tasks: select the person, Retry Selected. Okta does not retry by itself."),
        ("entra", "Provision on demand. By itself Entra retries after 6, 12 and 24 hours, then daily for 28 days."),
        ("other", "It may retry by itself. To retry at once, change the person there."),
    ],
)
def test_after_a_link_it_is_told_how_the_other_side_tries_again(admin: Client, kind: str, words: str) -> None:
    make_user("mia")
    conflict = refused_once(make_idp("Directory", kind=kind))
    admin.post(address("conflict_link", conflict.pk))
    page = text_of(admin.get(address("conflict_change", conflict.pk)))
    assert f"links the account. {words}" in page
    assert page.count(words) == 3  # in the note, as a hint, and in the message to copy


def test_the_message_for_the_other_side_follows_the_decision(admin: Client) -> None:
    make_user("mia")
    idp = make_idp()
    url = address("conflict_change", refused_once(idp).pk)
    told = (
        "Okta could not provision mia <other@example.test>. The portal answered 409: userName mia exists in the portal"
    )
    assert f"{told} with another email. If this is the same person" in text_of(admin.get(url))
    admin.post(address("conflict_dismiss", Conflict.objects.get().pk))
    assert f"{told} with another email. The portal will go on refusing this record" in text_of(admin.get(url))


def test_a_resolved_conflict_says_what_came_of_it_and_asks_for_nothing(admin: Client) -> None:
    make_user("mia")
    idp = make_idp()
    conflict = refused_once(idp)
    admin.post(address("conflict_link", conflict.pk))
    provision(idp, "mia", "other@example.test")
    answer = admin.get(address("conflict_change", conflict.pk))
    page = text_of(answer)
    assert "Linked: Okta sent this person again, and provisions the account from then on. adam approved it" in page
    assert "For its administrator" not in page
    assert "opens again" not in page
    log = re.search(r'href="([^"]*provisioninglog/\?person=mia&amp;idp=\d+)"', answer.content.decode())
    assert log
    requests = text_of(admin.get(unescape(log[1])))
    assert "userName mia exists in the portal with another email." in requests
    assert "Linked, as an administrator approved" in requests


def test_get_changes_nothing(admin: Client) -> None:
    make_user("mia")
    conflict = refused_once(make_idp())
    before = everything()
    for page in ("change", "link", "move", "dismiss"):
        admin.get(address(f"conflict_{page}", conflict.pk))
    assert everything() == before


def test_support_and_members_decide_nothing() -> None:
    make_user("mia")
    conflict = refused_once(make_idp())
    for page in ("link", "move", "dismiss"):
        url = address(f"conflict_{page}", conflict.pk)
        assert signed_in(make_support(f"sue-{page}")).post(url).status_code == 403
        assert signed_in(make_user(f"member-{page}")).post(url).status_code == 302
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.OPEN
    assert User.objects.get(username="mia").managed_by is None
