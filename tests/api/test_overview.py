"""How identity providers behave, how much has arrived and what waits, over the REST API and on the command line."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity.models import GroupMapping, Headcount, SCIMToken
from tests import clock
from tests.clients import administrators_caller, caller, new_idp, problem
from tests.factories import (
    make_break_glass,
    make_group,
    make_idp,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
    set_mode,
)
from tests.portal.shell import answer
from tests.scim.helpers import user_body

pytestmark = pytest.mark.django_db


def silence(idp: object) -> None:
    with clock.ago(days=30):
        SCIMToken.objects.filter(identity_provider=idp).update(last_used_at=timezone.now())


# --- silence ---


def test_who_fell_silent_is_told_by_each_door_alike() -> None:
    okta = new_idp("Okta")
    okta.user("ada")
    okta.post("/Users", user_body("ada"))
    address = f"identity-providers/{okta.provider.pk}/activity/"  # type: ignore[union-attr]
    script = administrators_caller()
    now = script.read(address)
    assert (now["is_silent"], now["judged"], now["refused"]) == (False, 2, 1)
    assert now["usual_pause"] == "It is too new to have a rhythm; a pause of a week is taken for usual."
    silence(okta.provider)
    make_break_glass()
    assert script.read(address)["is_silent"] is True
    assert "silence" in [matter["code"] for matter in script.read("attention/")["results"]]
    assert [row["is_silent"] for row in answer("list_identity_providers")] == [True]
    assert answer("show_identity_provider", "Okta")["is_silent"] is True
    set_mode(scim=False)
    assert script.read(address)["is_silent"] is False
    assert [row["is_silent"] for row in answer("list_identity_providers")] == [False]


def test_what_a_provider_asks_is_told_while_somebody_watches() -> None:
    okta, script = new_idp("Okta"), administrators_caller()
    address = f"identity-providers/{okta.provider.pk}/requests/"  # type: ignore[union-attr]
    assert script.read(address) == {"watched_until": None, "results": []}
    okta.get("/Users")
    assert script.read(address)["results"] == []
    assert script.do("POST", address)["watched_until"]
    okta.get("/Users")
    okta.user("ada")
    newest, oldest = script.read(address)["results"]
    assert (newest["words"], newest["status"]) == ("Created ada (ada), enabled.", 201)
    assert (oldest["method"], oldest["path"], oldest["is_good"]) == ("GET", "/Users", True)
    assert [row["words"] for row in answer("list_received_requests", "Okta")] == [newest["words"], oldest["words"]]


# --- completeness ---


def test_how_much_of_each_mapping_has_arrived_is_told() -> None:
    okta = make_idp("Okta")
    ada, ben = provision(okta, "ada"), provision(okta, "ben")
    map_group(push_group(okta, "Engineering", ada, ben), make_group("Builders"))
    GroupMapping.objects.get().group.memberships.filter(user=ben.user).delete()
    script = administrators_caller()
    (found,) = script.read(f"identity-providers/{okta.pk}/completeness/")["results"]
    assert (found["sso_group"]["display_name"], found["group"]["name"]) == ("Engineering", "Builders")
    numbers = {name: found[name] for name in ("pushed", "applied", "disabled", "leaving", "is_complete")}
    assert numbers == {"pushed": 2, "applied": 1, "disabled": 0, "leaving": 1, "is_complete": False}
    (told,) = answer("list_completeness", "--idp", "Okta")
    assert {name: told[name] for name in numbers} == numbers
    other = make_idp("Google")
    assert script.read(f"identity-providers/{other.pk}/completeness/")["results"] == []
    assert answer("list_completeness", "--idp", "Google") == []


def test_everybody_of_a_preview_is_listed() -> None:
    okta, lea = make_idp("Okta"), make_user("lea")
    engineering, builders = push_group(okta, "Engineering", provision(okta, "ada")), make_group("Builders", lea)
    script = administrators_caller()
    pair = f"sso_group={engineering.pk}&group={builders.pk}"
    moves = {
        side: [user["username"] for user in script.read(f"mappings/preview/users/?{pair}&moves={side}")["results"]]
        for side in ("joins", "leaves")
    }
    assert moves == {"joins": ["ada"], "leaves": ["lea"]}
    assert [(row["change"], row["username"]) for row in answer("preview_mapping", "Engineering", "Builders")] == [
        ("leaves", "lea"),
        ("joins", "ada"),
    ]
    assert problem(script.get(f"mappings/preview/users/?{pair}&moves=both")) == (400, "invalid_value")
    map_group(engineering, builders)
    map_group(push_group(okta, "Design"), builders)
    mapping = GroupMapping.objects.get(sso_group=engineering)
    (left,) = script.read(f"mappings/{mapping.pk}/preview-removal/users/?moves=leaves")["results"]
    assert left["username"] == "ada"
    (row,) = answer("preview_mapping", "Engineering", "Builders", "--removal")
    assert (row["change"], row["username"]) == ("leaves", "ada")


# --- what waits ---


def test_what_waits_is_told_the_most_pressing_first() -> None:
    okta = make_idp("Okta")
    push_group(okta, "Engineering", provision(okta))
    make_token(okta)
    results = administrators_caller().read("attention/")["results"]
    assert [(matter["code"], matter["urgent"]) for matter in results] == [
        ("no_break_glass", True),
        ("unmapped", False),
        ("unused_tokens", False),
        ("newcomers", False),
    ]
    assert [row["matter"] for row in answer("list_attention")] == [matter["code"] for matter in results]
    assert (results[1]["sentence"], results[1]["number"]) == ("1 unmapped SSO group", 1)


def test_a_matter_of_one_identity_provider_names_it() -> None:
    okta = new_idp("Okta")
    okta.user("ada")
    silence(okta.provider)
    found = {matter["code"]: matter for matter in administrators_caller().read("attention/")["results"]}
    assert found["silence"]["identity_provider"]["name"] == "Okta"
    assert found["unused_tokens" if "unused_tokens" in found else "no_break_glass"]["identity_provider"] is None


# --- headcounts ---


def test_users_by_status_are_told_day_by_day() -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    Headcount.objects.create(day=yesterday, enabled=7, disabled=2, invited=1)
    script = administrators_caller()
    told = script.read("headcounts/?days=30")
    assert told["days"][0] == {"day": yesterday.isoformat(), "enabled": 7, "disabled": 2, "invited": 1}
    assert told["now"] == {"day": timezone.now().date().isoformat(), "enabled": 1, "disabled": 0, "invited": 0}
    assert [row["enabled"] for row in answer("list_headcounts")] == [7, 1]
    assert problem(script.get("headcounts/?days=366")) == (400, "invalid_value")


@pytest.mark.parametrize("address", ["attention/", "headcounts/", "identity-providers/1/activity/"])
def test_members_see_none_of_it(address: str) -> None:
    assert problem(caller(make_user()).get(address)) == (403, "role_required")
