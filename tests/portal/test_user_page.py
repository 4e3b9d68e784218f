"""One person's page tells what is so, and why: no sentence that is only mostly true."""

from typing import Any

import pytest

from identity.core.actors import Person
from identity.core.errors import Conflicted
from identity.models import Conflict, SSOUser, User
from identity.services import deletion, groups, users
from identity.services.provisioning import conflicts
from portal.admin.people import users as users_page
from tests.clients import new_idp
from tests.factories import (
    OPERATOR,
    make_administrator,
    make_asset,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    provision,
    push_group,
    resend,
    set_mode,
    support,
    unmap,
)
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db


def page_of(user: User) -> str:
    return text_of(as_administrator().get(address("user_change", user.pk)))


# --- why both sides differ ---


def link(user_name: str, email: str) -> User:
    """An administrator lets this record of Okta take over the account in its way."""
    idp = make_idp()
    with pytest.raises(Conflicted):
        provision(idp, user_name, email)
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    return provision(idp, user_name, email).user


def test_an_email_that_differs_since_an_administrator_linked_it_was_never_changed() -> None:
    make_user("mia", email="mia@private.example")
    page = page_of(link("mia", "mia@corp.example"))
    assert (
        "Email: Okta sends mia@corp.example, and an administrator linked that to this account, whose email stays "
        "mia@private.example." in page
    )
    assert "later" not in page


def test_the_idps_record_explains_the_differences_too() -> None:
    sso_user = provision(make_idp(), "ada")
    resend(sso_user, "ada.king")
    page = text_of(as_administrator().get(address("ssouser_change", sso_user.pk)))
    assert "Okta says The portal has" in page
    assert "Username: Okta renamed this person to ada.king later." in page


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def record_of(**attributes: Any) -> tuple[str, str]:
    """The page of a record that was sent so: its source, and its text."""
    new_idp("Okta").user("ada", **attributes)
    answer = as_administrator().get(address("ssouser_change", SSOUser.objects.get().pk))
    return answer.content.decode(), text_of(answer)


def test_the_record_shows_every_attribute_that_was_sent() -> None:
    _, text = record_of(
        name={"givenName": "Ada", "familyName": "King"},
        emails=[{"value": "ada@example.test", "type": "work", "primary": True}, {"value": "ada@home.test"}],
        title="Countess",
        externalId="00u1",
        **{ENTERPRISE: {"department": "Engines", "manager": {"displayName": "Charles"}}},
    )
    sent = text.partition("Everything that Okta sent")[2].partition("Record")[0]
    for line in (
        "userName ada",
        "externalId 00u1",
        "active yes",
        "name.givenName Ada",
        "value ada@example.test, type work, primary yes",
        "value ada@home.test",
        "title Countess",
        f"{ENTERPRISE}: department Engines",
        f"{ENTERPRISE}: manager.displayName Charles",
    ):
        assert line in sent, (line, sent)


def test_what_was_sent_is_text_and_no_markup() -> None:
    source, text = record_of(title="<script>alert(1)</script>", nickName="\u202eadA")
    assert "<script>alert(1)" not in source
    assert "title <script>alert(1)</script>" in text
    assert "<bdi>\u202eadA</bdi>" in source


def test_a_long_value_is_folded_away_and_an_endless_one_cut() -> None:
    source, text = record_of(title="x" * 300, nickName="y" * 20_000)
    assert f"{'x' * 200}… 300 characters {'x' * 300}" in text
    assert "20000 characters" in text
    assert "y" * 10_001 not in source
    assert "Cut here: the REST API has the rest." in text


def test_a_username_that_differs_since_an_administrator_linked_it_was_never_changed() -> None:
    make_user("mia.old", email="mia@corp.example")
    page = page_of(link("mia.new", "mia@corp.example"))
    assert "Username: Okta calls this person mia.new, and an administrator linked that to the account mia.old." in page
    assert "renamed" not in page


def test_a_linked_person_who_is_renamed_later_was_renamed() -> None:
    make_user("mia", email="mia@private.example")
    user = link("mia", "mia@corp.example")
    resend(user.sso_user, "mia.king", "mia.king@corp.example")
    page = page_of(user)
    assert "Username: Okta renamed this person to mia.king later." in page
    assert "Email: Okta changed the email to mia.king@corp.example later." in page


def test_an_email_that_belonged_to_somebody_else_is_not_called_a_change() -> None:
    make_user("mia", email="mia@corp.example")
    sso_user = provision(make_idp(), "ada", None)
    resend(sso_user, "ada", "mia@corp.example")
    assert "Email: mia@corp.example belonged to another account when it arrived." in page_of(sso_user.user)


def test_what_the_idp_does_not_send_stays() -> None:
    make_user("mia", first_name="Mia")
    adopted = provision(make_idp(), "mia")
    resend(adopted, "mia", None)
    page = page_of(adopted.user)
    assert "First name: Okta sends none, so the portal keeps Mia." in page
    assert "Email: Okta sends none. The portal keeps mia@example.test" in page
    assert "Edited in the portal" not in page


def test_a_name_that_was_edited_here_says_so() -> None:
    sso_user = provision(make_idp(), "ada", first_name="Ada")
    sso_user.attributes["name"] = {"givenName": "Ada"}
    sso_user.save()
    users.edit_profile(sso_user.user, first_name="Ida", last_name="", email="ada@example.test", actor=OPERATOR)
    assert "First name: Edited in the portal since. The next change by Okta that carries" in page_of(sso_user.user)


# --- why somebody is in a group ---


def test_who_added_somebody_is_told_also_when_it_was_a_command_or_somebody_who_is_gone() -> None:
    mia, adam = make_user("mia"), make_administrator()
    groups.add_members(make_group("By adam"), [mia], actor=Person(adam))
    make_group("By command", mia)
    users.disable_user(adam, actor=OPERATOR)
    deletion.delete_permanently(adam, typed_username="adam", reason="left", actor=support())
    page = text_of(signed_in(make_owner()).get(address("user_change", mia.pk)))
    assert f"By adam Added by user {adam.pk} (deleted)" in page
    assert "By command Added by manage.py test" in page


def test_a_membership_that_a_mapping_left_behind_says_so() -> None:
    """Also of somebody who was added by hand long before."""
    engineers, ada = make_group("Engineers"), provision(make_idp(), "ada")
    groups.add_members(engineers, [ada.user], actor=OPERATOR)
    groups.remove_members(engineers, [ada.user], actor=OPERATOR)
    mapping = map_group(push_group(ada.identity_provider, "Engineering", ada), engineers)
    unmap(mapping)
    assert "Engineers From before, when a mapping brought it" in page_of(ada.user)


def test_a_mapped_group_that_somebody_was_taken_out_of_is_marked() -> None:
    """SCIM was off meanwhile; it is on again, and the identity provider has not sent the group since."""
    ada, engineers = provision(make_idp(), "ada"), make_group("Engineers")
    map_group(push_group(ada.identity_provider, "Engineering", ada), engineers)
    assert "Not a member" not in page_of(ada.user)
    set_mode(scim=False)
    groups.remove_members(engineers, [ada.user], actor=OPERATOR)
    set_mode(scim=True)
    page = text_of(signed_in(make_owner()).get(address("user_change", ada.user_id)))
    assert "Engineering → Engineers Not a member since it was changed while SCIM was off" in page


# --- actions ---


def test_enabling_and_disabling_against_the_idp_says_what_becomes_of_it() -> None:
    idp = make_idp()
    inactive, active = provision(idp, "ada", active=False), provision(idp, "bob")
    set_mode(scim=False)
    client = as_administrator()
    told = "Okta says that this person is {}, and makes it so again when it is followed or sends the status."
    assert told.format("inactive") in text_of(client.get(address("user_enable", inactive.user_id)))
    assert told.format("active") in text_of(client.get(address("user_disable", active.user_id)))
    assert "Okta says" not in text_of(client.get(address("user_disable", make_user("mia").pk)))


# --- assets ---


def test_more_assets_than_a_page_shows_are_a_link_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_page, "ROWS_SHOWN", 1)
    mia, client = make_user("mia"), as_administrator()
    for owner, name in ((mia, "Forge"), (mia, "Wiki"), (make_user("ida"), "Vault")):
        make_asset(owner, name)
    page = client.get(address("user_change", mia.pk))
    assert "Assets Forge All that mia owns" in text_of(page)
    listed = text_of(client.get(address("asset_changelist", owner="mia")))
    assert "Forge" in listed
    assert "Wiki" in listed
    assert "Vault" not in listed
