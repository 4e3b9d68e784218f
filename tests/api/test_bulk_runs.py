"""One action on many people, over the REST API and on the command line."""

from typing import Any

import pytest

from identity.models import BulkRow, BulkRun, Group, Invitation, Status, User
from identity.services import bulk_runs
from identity.services.bulk_runs import Wanted, create_run
from tests.clients import Script, administrators_caller, caller, ok, problem
from tests.factories import OPERATOR, make_group, make_idp, make_user, map_group, provision, push_group, set_mode
from tests.portal.shell import answer, refusal, run

pytestmark = pytest.mark.django_db


def begun(script: Script, **said: Any) -> Any:
    return ok(script.post("bulk-runs/", said))


def results(script: Script, pk: int) -> list[tuple[str, str, str]]:
    rows = script.read(f"bulk-runs/{pk}/rows/")["results"]
    return [(row["username"], row["outcome"], row["code"]) for row in rows]


def test_many_are_disabled_and_who_can_not_be_is_left_alone_with_the_reason() -> None:
    ada, mia, noa = provision(make_idp()).user, make_user("mia"), make_user("noa")
    script = administrators_caller()
    made = begun(script, kind="disable", users=[ada.pk, mia.pk, noa.pk])
    assert {name: made[name] for name in ("kind", "is_draft", "pending", "done", "refused", "left_alone")} == {
        "kind": "disable", "is_draft": False, "pending": 0, "done": 2, "refused": 0, "left_alone": 1,
    }  # fmt: skip
    assert results(script, made["id"]) == [
        ("ada", "left_alone", ""),
        ("mia", "done", ""),
        ("noa", "done", ""),
    ]
    assert set(User.objects.with_status(Status.DISABLED)) == {mia, noa}
    (left,) = script.read(f"bulk-runs/{made['id']}/rows/?outcome=left_alone")["results"]
    assert left["result"].startswith("Enabling and disabling users is not possible here")
    assert made["started_by"]["username"] == "adam"


def test_a_draft_does_nothing_before_it_is_started() -> None:
    mia, script = make_user("mia"), administrators_caller()
    draft = begun(script, kind="disable", users=[mia.pk], is_draft=True)
    assert (draft["pending"], draft["done"]) == (1, 0)
    address = f"bulk-runs/{draft['id']}/"
    assert problem(script.post(f"{address}continue/"))[0] == 403
    assert ok(script.post(f"{address}start/"))["done"] == 1
    mia.refresh_from_db()
    assert mia.status == Status.DISABLED
    assert problem(script.delete(address))[0] == 403


def test_a_draft_is_discarded_without_a_trace() -> None:
    script = administrators_caller()
    draft = begun(script, kind="disable", users=[make_user().pk], is_draft=True)
    assert script.delete(f"bulk-runs/{draft['id']}/").status_code == 204
    assert not BulkRun.objects.exists()


def test_what_is_pending_is_continued() -> None:
    mia, script = make_user("mia"), administrators_caller()
    pk = create_run(BulkRun.Kind.DISABLE, [Wanted(mia)], actor=OPERATOR).pk
    assert script.read(f"bulk-runs/{pk}/")["pending"] == 1
    assert ok(script.post(f"bulk-runs/{pk}/continue/"))["done"] == 1


def test_many_are_added_to_groups_that_are_open() -> None:
    idp, mia, script = make_idp(), make_user("mia"), administrators_caller()
    crafts, mapped = make_group("Crafts"), make_group("Builders")
    map_group(push_group(idp, "Engineering", provision(idp)), mapped)
    assert begun(script, kind="add_to_groups", users=[mia.pk], groups=[crafts.pk])["groups"] == [crafts.pk]
    assert list(Group.objects.filter(memberships__user=mia)) == [crafts]
    answered = script.post("bulk-runs/", {"kind": "add_to_groups", "users": [mia.pk], "groups": [mapped.pk]})
    assert problem(answered) == (403, "change_members.scim_on_sso_optional")


def test_many_are_invited_and_who_can_not_be_is_said() -> None:
    make_user("mia")
    script = administrators_caller()
    people = [{"username": "zoe", "email": "zoe@example.test"}, {"username": "mia", "email": "other@example.test"}]
    made = begun(script, kind="invite", people=people)
    assert (made["done"], made["refused"]) == (1, 1)
    assert Invitation.objects.get().user.username == "zoe"
    again = begun(script, kind="resend_invitation", users=[User.objects.get(username="zoe").pk])
    assert again["done"] == 1
    revoked = begun(script, kind="revoke_invitation", users=[User.objects.get(username="zoe").pk])
    assert (revoked["done"], Invitation.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "disable"},
        {"kind": "disable", "users": []},
        {"kind": "disable", "users": [1], "groups": [1]},
        {"kind": "add_to_groups", "users": [1]},
        {"kind": "invite", "users": [1]},
        {"kind": "invite", "people": [{"username": "zoe", "colour": "red"}]},
        {"kind": "invite", "people": ["zoe"]},
        {"kind": "disable", "users": [999_999]},
        {"kind": "paint", "users": [1]},
    ],
)
def test_what_a_kind_does_not_take_is_400(said: dict[str, Any]) -> None:
    make_user()
    assert problem(administrators_caller().post("bulk-runs/", said)) == (400, "invalid_value")
    assert not BulkRun.objects.exists()


def test_a_retry_does_nothing_twice() -> None:
    mia, script = make_user("mia"), administrators_caller()
    said = {"kind": "disable", "users": [mia.pk]}
    first, again = (ok(script.post("bulk-runs/", said, Idempotency_Key="once")) for _ in range(2))
    assert (first, BulkRun.objects.count()) == (again, 1)


def test_what_does_not_fit_into_an_answer_is_left_to_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(bulk_runs, "work_on", lambda run, **_: False)
    monkeypatch.setattr(bulk_runs, "has_worker", lambda: True)
    monkeypatch.setattr(bulk_runs, "finish_in_background", lambda run, **_: left.append(run.pk))
    made = begun(administrators_caller(), kind="disable", users=[make_user().pk])
    assert (left, made["pending"]) == ([made["id"]], 1)


def test_members_start_none() -> None:
    mia = make_user("mia")
    assert problem(caller(mia).post("bulk-runs/", {"kind": "disable", "users": [mia.pk]})) == (403, "role_required")


# --- on the command line ---


def test_a_command_does_it_to_many_and_lists_the_results() -> None:
    set_mode(scim=True)
    provision(make_idp())
    make_user("mia")
    assert "1 of 2 done" in run("create_bulk_run", "disable", "ada", "mia")
    assert not BulkRun.objects.exists()
    done = answer("create_bulk_run", "disable", "ada", "mia", "--yes")
    assert (done["done"], done["left_alone"], done["started_by"]) == (1, 1, None)
    rows = answer("list_bulk_rows", str(done["id"]))
    assert [(row["username"], row["outcome"]) for row in rows] == [("ada", "left_alone"), ("mia", "done")]
    assert answer("list_bulk_rows", str(done["id"]), "--outcome", "done") == rows[1:]
    assert refusal("list_bulk_rows", "999") == (3, "There is no bulk action 999: list_bulk_runs shows those there are.")


def test_groups_are_for_adding_to_them() -> None:
    make_user("mia")
    make_group("Crafts")
    assert refusal("create_bulk_run", "disable", "mia", "--group", "Crafts")[0] == 2
    assert refusal("create_bulk_run", "add_to_groups", "mia")[0] == 2
    run("create_bulk_run", "add_to_groups", "mia", "--group", "Crafts", "--yes")
    assert BulkRow.objects.get().sentence == "In Crafts."
