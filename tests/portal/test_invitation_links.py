"""The link of an invitation: what is wrong with it is one answer, on every page, by REST and on the command line."""

import pytest
from django.test import override_settings

from identity.models import Invitation, User
from identity.queries.invitation_links import OF_ITSELF, LinkState
from identity.services import invitations, users
from tests import clock
from tests.clients import caller
from tests.factories import OPERATOR, administrator, set_mode
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

NO_MAIL_SERVER = override_settings(
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=1
)


@pytest.fixture
def people() -> dict[LinkState, User]:
    """A person for each state that a link itself can be in; what expired has another fault as well."""
    with clock.ago(hours=72):
        with NO_MAIL_SERVER:
            expired = invite("expired")
        moved = invite("moved")
    users.edit_profile(moved, first_name="", last_name="", email="moved@new.example", actor=OPERATOR)
    with NO_MAIL_SERVER:
        unsent = invite("unsent")
    return {
        LinkState.OTHER_ADDRESS: moved,
        LinkState.EXPIRED: expired,
        LinkState.MAIL_FAILED: unsent,
        LinkState.WORKS: invite("fine"),
    }


def invite(username: str) -> User:
    return invitations.invite_user(username=username, email=f"{username}@example.test", actor=OPERATOR)


@pytest.mark.parametrize("link", OF_ITSELF)
def test_every_door_finds_and_tells_the_state_of_a_link(link: LinkState, people: dict[LinkState, User]) -> None:
    person = people[link]
    page = signed_in(administrator().user)
    listed = text_of(page.get(address("invitation_changelist", link=link.value)))
    assert [user.username for user in people.values() if f"{user.username}@example.test" in listed] == [person.username]
    assert link.label in listed
    assert link.problem in text_of(page.get(address("user_change", person.pk)))

    rows = caller(administrator().user).read(f"invitations/?link={link.value}")["results"]
    told = [(row["user"]["username"], row["link"], row["link_problem"]) for row in rows]
    assert told == [(person.username, link.value, link.problem)]

    facts = answer("list_invitations", "--link", link.value)
    assert [(row["username"], row["link"]) for row in facts] == [(person.username, link.value)]


def test_while_sso_is_enforced_no_link_works_on_any_door(people: dict[LinkState, User]) -> None:
    set_mode(sso=True)
    rows = caller(administrator().user).read("invitations/")["results"]
    assert {row["link"] for row in rows} == {"sso_enforced"}
    assert {row["link_problem"] for row in rows} == {"While SSO is enforced its link does not work."}
    assert {row["link"] for row in answer("list_invitations")} == {"sso_enforced"}
    page = signed_in(administrator().user)
    for user in people.values():
        assert LinkState.SSO_ENFORCED.problem in text_of(page.get(address("user_change", user.pk)))
    assert Invitation.objects.count() == len(people)
