"""The mismatch report over the REST API: the same findings as the page's and the command's."""

from typing import Any

import pytest

from identity.models import Role
from portal.api import mismatches
from tests.clients import administrators_caller, caller, new_idp, ok, problem
from tests.factories import everything, make_idp, make_user, provision
from tests.portal.shell import answer

pytestmark = pytest.mark.django_db


def test_names_are_compared_and_nothing_is_changed() -> None:
    make_user("mia")
    make_user("zoe", role=Role.SUPPORT)
    provision(make_idp("Okta"), "ada")
    script, before = administrators_caller(), everything()
    names = [
        {"user_name": "MIA", "email": "other@example.test"},
        {"user_name": "zoe"},
        {"user_name": "ada", "email": "ada@example.test"},
        {"user_name": "new"},
    ]
    told = ok(script.post("mismatch-report/", {"names": names}))
    assert {label for label, rows in everything().items() if rows != before[label]} <= {"identity.APIToken"}
    assert (told["compared"], told["conflicting"], told["guarded"], told["next_skip"]) == (4, 1, 1, None)
    assert {match: number for match, number in told["counts"].items() if number} == {"exact": 2, "case": 1, "none": 1}
    mia, zoe, ada, new = told["findings"]
    assert (mia["match"], mia["is_in_order"], mia["user"]["username"]) == ("case", False, "mia")
    assert zoe["obstacle"] == "The account has a role, so an owner decides"
    assert (ada["email"], ada["managed_by"]["name"]) == ("ada@example.test", "Okta")
    assert (new["user"], new["email"], new["managed_by"], new["is_in_order"]) == (None, None, None, True)


def test_what_arrived_is_compared_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mismatches, "PART", 2)
    okta = new_idp("Okta")
    for name in ("ada", "ben", "cyd"):
        okta.user(name)
    script, found, skip = administrators_caller(), [], 0
    while skip is not None:
        told = ok(script.post("mismatch-report/", {"identity_provider": okta.provider.pk, "skip": skip}))
        found += [finding["user_name"] for finding in told["findings"]]
        skip = told["next_skip"]
    assert found == ["ada", "ben", "cyd"]
    assert [row["user_name"] for row in answer("mismatch_report", "--idp", "Okta", "--all")] == found


@pytest.mark.parametrize(
    "said",
    [{}, {"names": []}, {"names": [{"user_name": "a"}], "identity_provider": 1}, {"names": ["ada"]}, {"skip": 1}],
)
def test_what_is_no_list_is_400(said: dict[str, Any]) -> None:
    make_idp()
    assert problem(administrators_caller().post("mismatch-report/", said)) == (400, "invalid_value")


def test_members_compare_nothing() -> None:
    answered = caller(make_user()).post("mismatch-report/", {"names": [{"user_name": "a"}]})
    assert problem(answered) == (403, "role_required")
