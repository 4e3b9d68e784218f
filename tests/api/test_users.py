"""Users over the REST API."""

import json

import pytest

from identity.models import AuditEvent, Role, Status
from identity.policy import ACTIONS_ON
from tests.clients import administrators_caller, caller, ok, owners_caller, problem, sentence
from tests.factories import (
    PASSWORD,
    administrator,
    make_administrator,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_user,
    map_group,
    provision,
    push_group,
    set_mode,
)
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db


def test_a_user_is_shown_whole() -> None:
    idp = make_idp()
    ada = provision(idp, "ada", first_name="Ada", last_name="Lovelace").user
    shown = administrators_caller().read(f"users/{ada.pk}/")
    actions = shown.pop("actions")
    assert shown == {
        "id": ada.pk,
        "username": "ada",
        "email": "ada@example.test",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "display_name": "Ada Lovelace",
        "status": "enabled",
        "role": "member",
        "is_break_glass": False,
        "managed_by": {"id": idp.pk, "name": "Okta"},
        "last_active": None,
        "sso_user": {"id": ada.sso_user.pk, "user_name": "ada"},
        "created_at": ada.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert actions["edit_profile"] == {"allowed": True, "code": "allowed", "reason": ""}
    assert actions["set_status"] == {
        "allowed": False,
        "code": "set_status.scim_on_sso_optional",
        "reason": "Enabling and disabling users is not possible here while SCIM is on and SSO is not enforced. "
        "Assign or unassign the person in your identity provider.",
    }
    assert actions["change_role"]["code"] == "role_required"
    assert set(actions) == set(ACTIONS_ON["user"])
    assert {"set_status", "invite", "enable", "resend_invitation"} <= set(actions)
    assert (actions["enable"]["code"], actions["resend_invitation"]["code"]) == (
        "set_status.scim_on_sso_optional",
        "not_invited",
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=AD", ["ada", "adam"]),
        ("q=lovel", ["ada"]),
        ("username=ADA", ["ada"]),
        ("status=disabled", ["zoe"]),
        ("role=administrator", ["adam"]),
        ("is_managed=true", ["ada"]),
        ("is_managed=false", ["adam", "zoe"]),
        ("q=nobody", []),
    ],
)
def test_the_list_is_filtered(query: str, expected: list[str]) -> None:
    provision(make_idp(), "ada", last_name="Lovelace")
    make_user("zoe", status=Status.DISABLED)
    rows = administrators_caller().read(f"users/?{query}")["results"]
    assert [row["username"] for row in rows] == expected


def test_the_list_of_one_provider() -> None:
    idp = make_idp()
    provision(idp, "ada")
    assert len(administrators_caller().read(f"users/?managed_by={idp.pk}")["results"]) == 1


def test_a_list_costs_the_same_however_long_and_one_user_among_few_and_many() -> None:
    idp, script = make_idp(), administrators_caller()
    pk = provision(idp, "ada").user.pk
    asks = [lambda: script.read("users/"), lambda: script.read(f"users/{pk}/")]
    same_for_many_rows(
        asks, lambda number: provision(idp, f"user{number}"), Most.REST + 1
    )  # whether one differs from what was sent (R28)


def test_a_local_user_has_no_record_of_an_identity_provider() -> None:
    mia = make_user()
    assert administrators_caller().read(f"users/{mia.pk}/?fields=sso_user,managed_by") == {
        "managed_by": None,
        "sso_user": None,
    }


def test_names_are_edited_and_what_is_left_out_stays() -> None:
    mia = make_user(first_name="M", last_name="Meyer")
    shown = ok(administrators_caller().patch(f"users/{mia.pk}/", {"first_name": " Mia "}))
    assert (shown["first_name"], shown["last_name"], shown["email"]) == ("Mia", "Meyer", "mia@example.test")


def test_the_email_of_a_managed_user_stays() -> None:
    ada = provision(make_idp(), "ada").user
    answer = administrators_caller().patch(f"users/{ada.pk}/", {"email": "new@example.test"})
    assert problem(answer) == (403, "email_is_managed")


@pytest.mark.parametrize("email", ["nonsense", "a b@example.test"])
def test_an_email_that_is_none_is_refused(email: str) -> None:
    mia = make_user()
    answer = administrators_caller().patch(f"users/{mia.pk}/", {"email": email})
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"][0]["pointer"] == "/email"


def test_a_taken_email_is_409() -> None:
    mia = make_user()
    make_user("zoe")
    answer = administrators_caller().patch(f"users/{mia.pk}/", {"email": "ZOE@example.test"})
    assert problem(answer) == (409, "taken")


def test_r13_disable_and_enable() -> None:
    mia = make_user()
    script = administrators_caller()
    assert ok(script.post(f"users/{mia.pk}/disable/"))["status"] == "disabled"
    assert ok(script.post(f"users/{mia.pk}/enable/"))["status"] == "enabled"


def test_a_refusal_by_the_table_names_the_cell_and_who_can_do_it() -> None:
    ada = provision(make_idp(), "ada").user
    answer = administrators_caller().post(f"users/{ada.pk}/disable/")
    assert problem(answer) == (403, "set_status.scim_on_sso_optional")
    assert json.loads(answer.content) == {
        "type": "urn:gatehouse:problem:refused",
        "title": "Refused",
        "status": 403,
        "detail": sentence(answer),
        "code": "set_status.scim_on_sso_optional",
        "policy": {
            "action": "set_status",
            "mode": "scim_on_sso_optional",
            "cell": "no",
            "roles": ["administrator", "owner"],
            "instead": "Assign or unassign the person in your identity provider.",
        },
    }


def test_r13_the_last_enabled_owner_stays() -> None:
    olga = make_owner()
    answer = caller(olga).post(f"users/{olga.pk}/disable/")
    assert problem(answer) == (403, "last_enabled_owner")


def test_roles_are_changed_by_owners_and_never_ones_own() -> None:
    mia, olga = make_user(), make_owner()
    assert problem(administrators_caller().put(f"users/{mia.pk}/role/", {"role": "support"})) == (403, "role_required")
    script = caller(olga)
    for _ in range(2):
        assert ok(script.put(f"users/{mia.pk}/role/", {"role": "support"}))["role"] == "support"
    assert AuditEvent.objects.filter(action="user.role_changed").count() == 1
    assert problem(script.put(f"users/{olga.pk}/role/", {"role": "member"})) == (403, "own_account")
    assert script.read(f"users/{olga.pk}/")["actions"]["change_role"]["code"] == "own_account"
    assert problem(script.put(f"users/{mia.pk}/role/", {"role": "king"})) == (400, "invalid_value")
    assert problem(script.put(f"users/{mia.pk}/role/", {})) == (400, "invalid_value")


def test_break_glass_flags_are_set_and_cleared_by_owners() -> None:
    other = make_owner("otto", password=PASSWORD)
    script = owners_caller()
    for flag in (True, True, False, False):
        assert ok(script.put(f"users/{other.pk}/break-glass/", {"is_break_glass": flag}))["is_break_glass"] is flag
    assert AuditEvent.objects.filter(action="user.break_glass_set").count() == 2
    mia = make_user()
    assert problem(script.put(f"users/{mia.pk}/break-glass/", {"is_break_glass": True})) == (403, "not_a_local_owner")


def test_r22_the_last_break_glass_account_stays_while_sso_is_enforced() -> None:
    glass = make_break_glass()
    set_mode(sso=True)
    answer = owners_caller().put(f"users/{glass.pk}/break-glass/", {"is_break_glass": False})
    assert problem(answer) == (403, "last_break_glass_account")


def test_the_groups_of_a_user_say_why() -> None:
    idp = make_idp()
    sso_user = provision(idp, "ada")
    sso_group = push_group(idp, "Engineering", sso_user)
    mapped = make_group("Builders")
    map_group(sso_group, mapped)
    by_hand = make_group("Readers", sso_user.user)
    script = caller(administrator().user)
    rows = script.read(f"users/{sso_user.user_id}/groups/")["results"]
    assert [(row["group"], row["reason"], row["added_by"]) for row in rows] == [
        ({"id": mapped.pk, "name": "Builders"}, "Through the SSO group Engineering (Okta)", None),
        ({"id": by_hand.pk, "name": "Readers"}, "Added by manage.py test", None),
    ]
    assert rows[0]["sso_groups"] == [
        {
            "id": sso_group.pk,
            "display_name": "Engineering",
            "identity_provider": {"id": idp.pk, "name": "Okta"},
        }
    ]


def test_an_administrator_does_not_touch_an_owner() -> None:
    olga = make_owner()
    answer = administrators_caller().patch(f"users/{olga.pk}/", {"first_name": "O"})
    assert problem(answer) == (403, "target_outranks_actor")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.SUPPORT])
def test_who_is_no_administrator_sees_nobody(role: Role) -> None:
    mia = make_user(role=role)
    make_administrator()
    for path in ("users/", f"users/{mia.pk}/", f"users/{mia.pk}/groups/"):
        assert problem(caller(mia).get(path)) == (403, "role_required")
