"""Why everything is as it is, over the REST API and on the command line: the trail, both sides, moves, sessions."""

import pytest

from identity.core.encryption import seal
from identity.events import Event
from identity.models import AuditEvent, Group, SecondFactor, SSOUser, User
from identity.services.groups import add_members
from portal.session.sessions import sessions_of
from tests.clients import Script, administrators_caller, caller, new_idp, ok, problem
from tests.factories import (
    OPERATOR,
    PASSWORD,
    make_group,
    make_user,
    map_group,
    push_group,
)
from tests.portal.shell import answer, refusal, run
from tests.scim.helpers import user_body
from tests.sessions import entered, is_in, signed_in
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Renamed at Okta since, and in a group through a mapping."""
    okta = new_idp("Okta")
    pushed = okta.user("ada", emails=[{"value": "ada@example.test"}])
    okta.put(f"/Users/{pushed['id']}", user_body("ada.king", emails=[{"value": "ada@example.test"}]))
    sso_user = SSOUser.objects.get()
    map_group(push_group(okta.provider, "Engineering", sso_user), make_group("Builders"))
    return sso_user.user


# --- the trail ---


def test_the_trail_of_a_user_names_what_was_behind_each_change(ada: User) -> None:
    trail = administrators_caller().read(f"users/{ada.pk}/trail/")
    mapped, updated, provisioned = trail["results"]
    assert (mapped["action"], mapped["joined"], mapped["left"]) == ("group_mapping.created", ["Builders"], [])
    assert (updated["action"], updated["actor_user"]) == ("user.updated", None)
    assert updated["actor"].startswith("Okta, token")
    assert (updated["request"]["method"], updated["request"]["outcome"]) == ("PUT", "partly")
    assert "Created by the identity provider" in provisioned["words"]
    assert trail["next"] is None


def test_the_trail_goes_back_part_by_part(ada: User) -> None:
    script, seen = administrators_caller(), []
    address = f"users/{ada.pk}/trail/?limit=1"
    while address:
        page = script.read(address)
        seen += [entry["event"] for entry in page["results"]]
        address = (page["next"] or "").partition("/api/v1/")[2]
    assert seen == [entry["event"] for entry in script.read(f"users/{ada.pk}/trail/")["results"]]
    assert len(seen) == 3


@pytest.mark.parametrize("query", ["before=0", "before=x", "limit=201", "after=1"])
def test_a_part_that_can_not_be_is_400(ada: User, query: str) -> None:
    assert problem(administrators_caller().get(f"users/{ada.pk}/trail/?{query}")) == (400, "invalid_value")


# --- both sides ---


def test_the_differences_of_a_user_are_told_with_their_reasons(ada: User) -> None:
    told = administrators_caller().read(f"users/{ada.pk}/differences/")
    assert told["attributes"][0] == {"attribute": "Username", "sent": "ada.king", "kept": "ada", "differs": True}
    assert [reason.partition(" later.")[0] for reason in told["reasons"]] == [
        "Username: Okta renamed this person to ada.king"
    ]
    assert [group["display_name"] for group in told["sso_groups"]] == ["Engineering"]
    assert (told["sso_user"]["user_name"], told["removed_at"]) == ("ada.king", None)


def test_whom_the_provider_has_removed_says_when() -> None:
    okta = new_idp("Okta")
    okta.delete(f"/Users/{okta.user('ada')['id']}")
    told = administrators_caller().read(f"users/{User.objects.get(username='ada').pk}/differences/")
    assert (told["sso_user"], told["attributes"]) == (None, [])
    assert told["removed_at"]


# --- groups and moves ---


def test_members_are_listed_with_what_keeps_them(ada: User) -> None:
    script, builders = administrators_caller(), Group.objects.get()
    make_group("Crafts", make_user("mia"))
    (member,) = script.read(f"groups/{builders.pk}/members/")["results"]
    assert (member["user"]["username"], member["reason"]) == ("ada", "Through the SSO group Engineering (Okta)")
    assert [group["display_name"] for group in member["sso_groups"]] == ["Engineering"]
    (added,) = script.read(f"groups/{Group.objects.get(name='Crafts').pk}/members/")["results"]
    assert (added["reason"], added["sso_groups"]) == (f"Added by {OPERATOR.label}", [])
    assert [(row["username"], row["why"]) for row in answer("list_members", "Builders")] == [
        ("ada", "Through the SSO group Engineering (Okta)")
    ]


def test_members_cost_the_same_for_many() -> None:
    script, group = administrators_caller(), make_group("Crafts")
    same_for_many_rows(
        lambda: script.read(f"groups/{group.pk}/members/"),
        lambda number: add_members(group, [make_user(f"user{number}")], actor=OPERATOR),
        Most.REST + 3,
    )


def test_the_moves_of_an_event_are_listed(ada: User) -> None:
    event = AuditEvent.objects.get(action=Event.GROUP_MAPPING_CREATED)
    script = administrators_caller()
    (move,) = script.read(f"audit-log/{event.pk}/moves/")["results"]
    assert (move["joined"], move["user"]["username"], move["group"]["name"]) == (True, "ada", "Builders")
    assert script.read(f"audit-log/{event.pk}/moves/?joined=false")["results"] == []
    assert problem(script.get("audit-log/999999/moves/"))[0] == 404
    assert [(row["change"], row["username"]) for row in answer("list_moves", str(event.pk))] == [("joined", "ada")]
    assert refusal("list_moves", "999999") == (3, "There is no audit event 999999.")


# --- sessions ---


def test_sessions_of_others_are_listed_and_ended() -> None:
    mia = make_user("mia", password=PASSWORD)
    phone, desk = entered(), entered()
    script = administrators_caller()
    newest, oldest = script.read(f"users/{mia.pk}/sessions/")["results"]
    assert (newest["how"], [row["id"] for row in answer("list_sessions", "mia")]) == (
        "with a password",
        [newest["id"], oldest["id"]],
    )
    assert script.delete(f"users/{mia.pk}/sessions/{newest['id']}/").status_code == 204
    assert (is_in(phone), is_in(desk)) == (True, False)
    assert problem(script.delete(f"users/{mia.pk}/sessions/{newest['id']}/"))[0] == 404
    assert "signed out of that browser" in run("end_session", "mia", str(oldest["id"]))
    assert (is_in(phone), sessions_of(mia)) == (False, [])
    assert AuditEvent.objects.filter(action=Event.USER_SESSION_ENDED, user_id=mia.pk).count() == 2


def test_nobody_ends_the_session_of_another_by_their_own_address() -> None:
    make_user("mia", password=PASSWORD)
    other, mias = caller(make_user("zoe")), entered()
    (session,) = sessions_of(User.objects.get(username="mia"))
    assert problem(other.delete(f"me/sessions/{session.pk}/"))[0] == 404
    assert is_in(mias)


def test_people_remove_their_own_second_step_at_a_browser_only() -> None:
    mia = make_user("mia", password=PASSWORD)
    SecondFactor.objects.create(user=mia, secret=seal("JBSWY3DPEHPK3PXP"), last_step=0)
    assert problem(caller(mia).delete("me/second-step/")) == (403, "session_required")
    stale = Script(client=signed_in(mia, fresh=False))
    assert problem(stale.delete("me/second-step/")) == (403, "fresh_sign_in_required")
    assert SecondFactor.objects.exists()
    assert Script(client=signed_in(mia)).delete("me/second-step/").status_code == 204
    assert not SecondFactor.objects.exists()


# --- what an identity provider sent ---


def test_a_record_is_shown_whole_by_a_command(ada: User) -> None:
    (row,) = answer("list_sso_users", "--idp", "Okta")
    assert (row["user_name"], row["username"], row["active"]) == ("ada.king", "ada", True)
    assert answer("list_sso_users", "--inactive") == []
    shown = answer("show_sso_user", "ADA.king")
    assert {"attribute": "userName", "values": ["ada.king"]} in shown["sent"]
    assert (shown["sso_groups"], len(shown["differences"])) == (["Engineering"], 1)
    new_idp("Google").user("ada.king", emails=[{"value": "other@example.test"}])
    assert refusal("show_sso_user", "ada.king")[0] == 6
    assert answer("show_sso_user", "ada.king", "--idp", "Okta")["scim_id"] == row["scim_id"]
    assert refusal("show_sso_user", "zoe") == (3, "There is no SSO user named zoe.")


def test_people_list_and_end_their_own_sessions() -> None:
    mia = make_user("mia", password=PASSWORD)
    phone, desk = entered(), entered()
    here = Script(client=desk)
    newest, oldest = here.read("me/sessions/")["results"]
    assert newest["id"] > oldest["id"]
    assert ok(here.post("me/sessions/end-others/")) == {"ended": 1}
    assert (is_in(phone), is_in(desk)) == (False, True)
    assert ok(caller(mia).post("me/sessions/end-others/")) == {"ended": 1}
    assert not is_in(desk)
