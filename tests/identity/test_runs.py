"""R27: the writes of one identity provider without a pause of 15 minutes are a run, and an owner can restore it."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.core.errors import Outdated, Refused
from identity.core.refusals import Refusal
from identity.models import (
    AuditEvent,
    Group,
    GroupMapping,
    IdentityProvider,
    MembershipChange,
    ProvisioningLog,
    SSOGroup,
    SSOUser,
    Status,
    User,
)
from identity.models.runs import Run, last_before, run_of, runs_between
from identity.queries.runs import runs_of, story_of
from identity.queries.why import trail_of
from identity.services import deletion, groups, runs, users
from tests import clock
from tests.factories import (
    OPERATOR,
    administrator,
    change_members,
    delete_sso_group,
    deprovision,
    exactly,
    make_group,
    make_idp,
    make_owner,
    map_group,
    members_of,
    owner,
    provision,
    push_group,
    removing,
    resend,
    set_mode,
    support,
)
from tests.statements import FEW, MANY, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def idp() -> IdentityProvider:
    return make_idp()


def last_run(idp: IdentityProvider) -> Run:
    entry = last_before(idp.pk, None)
    assert entry is not None
    run = run_of(entry)
    assert run is not None
    return run


def restore(run: Run) -> runs.Restoring:
    seen = runs.preview_restoring(run, actor=owner())
    return runs.restore_run(run, fingerprint=seen.fingerprint, actor=owner())


# --- what a run is ---


def written(idp: IdentityProvider, *moments: str) -> None:
    for number, moment in enumerate(moments):
        with clock.at(moment, stopped=True):
            ProvisioningLog.objects.create(
                identity_provider=idp, request_id=str(number), method="POST", resource_type="User", outcome="applied",
                status=201,
            )  # fmt: skip


def found(idp: IdentityProvider, first: str, last: str) -> list[tuple[str, str]]:
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))
    return [(f"{run.began_at:%d %H:%M}", f"{run.ended_at:%d %H:%M}") for run in runs_between(idp.pk, begin, end)]


def test_a_pause_of_fifteen_minutes_ends_a_run(idp: IdentityProvider) -> None:
    written(idp, "2026-03-02 08:59", "2026-03-02 09:13:59", "2026-03-02 09:28:58", "2026-03-02 09:43:58")
    assert found(idp, "2026-03-02", "2026-03-03") == [("02 09:43", "02 09:43"), ("02 08:59", "02 09:28")]


def test_a_run_goes_on_over_midnight_and_belongs_to_the_day_it_began(idp: IdentityProvider) -> None:
    written(idp, "2026-03-02 23:50", "2026-03-03 00:04", "2026-03-03 00:30")
    assert found(idp, "2026-03-02", "2026-03-03") == [("02 23:50", "03 00:04")]
    assert found(idp, "2026-03-03", "2026-03-04") == [("03 00:30", "03 00:30")]


def test_a_run_without_a_pause_ends_with_the_first_whole_day(idp: IdentityProvider) -> None:
    began = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    written(idp, *(str(began + timedelta(minutes=14 * step)) for step in range(300)))
    long = found(idp, "2026-03-01", "2026-03-07")
    assert long[-1] == ("02 20:00", "03 23:46")
    assert long[-2][0] == "04 00:00"
    by_day = [run for day in range(1, 7) for run in found(idp, f"2026-03-0{day}", f"2026-03-0{day + 1}")]
    assert sorted(by_day) == sorted(long), "whatever part of the log is looked at, the runs are the same"


def test_each_row_knows_its_run_and_other_identity_providers_and_sign_ins_make_none(idp: IdentityProvider) -> None:
    written(idp, "2026-03-02 09:00", "2026-03-02 09:30")
    written(make_idp("Entra"), "2026-03-02 09:40")
    with clock.at("2026-03-02 09:41"):
        signed_in = ProvisioningLog.objects.create(
            identity_provider=idp, request_id="1", method="SIGN-IN", resource_type="User", outcome="refused", status=403
        )
    first, second = ProvisioningLog.objects.filter(identity_provider=idp, method="POST").order_by("pk")
    found = [run_of(first), run_of(second)]
    assert [run and (run.first_id, run.last_id) for run in found] == [(first.pk, first.pk), (second.pk, second.pk)]
    assert run_of(signed_in) is None
    assert last_before(idp.pk, None) == second


def test_the_runs_of_many_writes_cost_one_statement(idp: IdentityProvider) -> None:
    began, costs = datetime(2026, 3, 2, 20, 0, tzinfo=UTC), set()
    for number in (FEW, MANY):
        written(idp, *(str(began + timedelta(minutes=20 * step)) for step in range(number)))
        with statements() as seen:
            runs_between(idp.pk, began, began + timedelta(days=1))
        costs.add(len(seen))
    assert len(costs) == 1


# --- restoring ---


@pytest.fixture
def before(idp: IdentityProvider) -> tuple[SSOUser, SSOUser, SSOGroup, Group]:
    """Ada and Grace are provisioned and in a mapped group since yesterday."""
    with clock.ago(days=1):
        ada, grace = provision(idp, "ada"), provision(idp, "grace")
        pushed, group = push_group(idp, "Engineering", ada, grace), make_group("Builders")
        map_group(pushed, group)
    return ada, grace, pushed, group


Before = tuple[SSOUser, SSOUser, SSOGroup, Group]


def test_who_was_disabled_is_enabled_and_a_member_again(idp: IdentityProvider, before: Before) -> None:
    ada, grace, pushed, group = before
    resend(ada, "ada", active=False)
    deprovision(grace)
    delete_sso_group(pushed)
    assert members_of(group) == set()
    found = restore(last_run(idp))
    assert (found.enable_ids, len(found.pairs), found.skipped) == ([ada.user_id, grace.user_id], 2, [])
    assert {*User.objects.filter(pk__in=found.enable_ids).values_list("status", flat=True)} == {Status.ENABLED}
    assert members_of(group) == {"ada", "grace"}
    declared = GroupMapping.objects.get(group=group).sso_group
    assert (declared.display_name, declared.is_declared_only) == ("Engineering", True)
    assert SSOUser.objects.get(user=ada.user_id).overruled
    told = AuditEvent.objects.get(action="identity_provider.run_restored")
    assert told.details["enabled"] == 2
    assert MembershipChange.objects.filter(event_id=told.pk, joined=True).count() == 2


def test_what_is_restored_is_kept_until_the_identity_provider_sends_again(
    idp: IdentityProvider, before: Before
) -> None:
    ada, _, pushed, group = before
    change_members(pushed, removing(ada))
    restore(last_run(idp))
    assert members_of(group) == {"ada", "grace"}
    change_members(pushed, exactly(before[1]))
    assert members_of(group) == {"grace"}


def test_the_trail_says_who_restored_from_which_run(idp: IdentityProvider, before: Before) -> None:
    ada = before[0]
    deprovision(ada)
    run = last_run(idp)
    restore(run)
    words = [
        f"{entry.words} {' '.join(entry.details)} {' '.join(entry.joined)}" for entry in trail_of(ada.user).entries
    ]
    name = f"Okta's run of {run.began_at:%-d %B %Y, %H:%M} UTC"
    assert any(f"restored after {name}" in line for line in words)
    assert f"Restored after {name}  Builders" in words


def test_what_has_changed_since_is_skipped_and_named(idp: IdentityProvider, before: Before) -> None:
    ada, grace, pushed, group = before
    with clock.ago(hours=1):
        resend(ada, "ada", active=False)
        deprovision(grace)
        change_members(pushed, exactly())
        run = last_run(idp)
    set_mode(scim=False)
    users.enable_user(ada.user, actor=OPERATOR)
    users.disable_user(ada.user, actor=OPERATOR)
    groups.add_members(group, [ada.user], actor=OPERATOR)
    groups.remove_members(group, [ada.user], actor=OPERATOR)
    set_mode(scim=True)
    deletion.delete_permanently(
        User.objects.get(pk=grace.user_id), typed_username="grace", reason="asked", actor=support()
    )
    found = runs.preview_restoring(run, actor=owner())
    assert not found
    assert {(skipped.user_id, skipped.group_id, skipped.reason) for skipped in found.skipped} == {
        (ada.user_id, 0, Refusal.RESTORED_STATUS_SET_SINCE()),
        (ada.user_id, group.pk, Refusal.RESTORED_MEMBER_MOVED_SINCE()),
        (grace.user_id, 0, Refusal.RESTORED_USER_GONE()),
        (grace.user_id, group.pk, Refusal.RESTORED_USER_GONE()),
    }


def test_a_portal_group_that_is_gone_is_named(idp: IdentityProvider, before: Before) -> None:
    *_, pushed, group = before
    delete_sso_group(pushed)
    run = last_run(idp)
    groups.delete_group(group, actor=OPERATOR)
    found = runs.preview_restoring(run, actor=owner())
    assert {(skipped.sso_group, skipped.reason) for skipped in found.skipped} == {
        ("Engineering", Refusal.RESTORED_GROUP_GONE()),
        ("", Refusal.RESTORED_GROUP_GONE()),
    }


def test_a_group_that_was_pushed_again_is_mapped_again_and_nobody_else_moves(
    idp: IdentityProvider, before: Before
) -> None:
    ada, _, pushed, group = before
    delete_sso_group(pushed)
    again = push_group(idp, "Engineering", provision(idp, "joan"), ada)
    restore(last_run(idp))
    assert GroupMapping.objects.get().sso_group_id == again.pk
    assert members_of(group) == {"ada", "grace"}


def test_what_the_run_itself_began_is_not_restored(idp: IdentityProvider, before: Before) -> None:
    """Created and disabled, enabled and disabled, joined and left by one run: nothing of it was so before."""
    ada, grace, pushed, _ = before
    with clock.ago(hours=5):
        resend(ada, "ada", active=False)
        change_members(pushed, removing(grace))
    with clock.ago(hours=1):
        deprovision(provision(idp, "joan"))
        resend(ada, "ada", active=True)
        resend(ada, "ada", active=False)
        change_members(pushed, exactly(grace, ada))
        change_members(pushed, exactly(ada))
        found = runs.preview_restoring(last_run(idp), actor=owner())
    assert (found.enable_ids, found.pairs, found.mappings, found.skipped) == ([], [], [], [])


def test_restored_is_what_was_looked_at(idp: IdentityProvider, before: Before) -> None:
    ada, grace, *_ = before
    resend(ada, "ada", active=False)
    seen = runs.preview_restoring(last_run(idp), actor=owner())
    resend(grace, "grace", active=False)
    with pytest.raises(Outdated):
        runs.restore_run(last_run(idp), fingerprint=seen.fingerprint, actor=owner())
    assert not AuditEvent.objects.filter(action="identity_provider.run_restored").exists()


def test_an_owner_restores_and_nobody_else(idp: IdentityProvider, before: Before) -> None:
    deprovision(before[0])
    with pytest.raises(Refused) as refused:
        runs.preview_restoring(last_run(idp), actor=administrator())
    assert refused.value.code == "role_required"


def test_restored_twice_changes_nothing_more(idp: IdentityProvider, before: Before) -> None:
    deprovision(before[0])
    restore(last_run(idp))
    events = AuditEvent.objects.count()
    assert not restore(last_run(idp))
    assert AuditEvent.objects.count() == events


def test_restoring_many_costs_as_many_statements_as_restoring_few(idp: IdentityProvider) -> None:
    make_owner()
    actor, costs = owner(), []
    for number in (FEW, MANY):
        with clock.ago(days=2 + number):
            people = [provision(idp, f"of{number}-{each}") for each in range(number)]
            pushed, group = push_group(idp, f"Team {number}", *people), make_group(f"Group {number}")
            map_group(pushed, group)
        with clock.ago(hours=number):
            for each in people:
                deprovision(each)
            delete_sso_group(pushed)
        run = last_run(idp)
        with statements() as seen:
            preview = runs.preview_restoring(run, actor=actor)
        with statements() as done:
            runs.restore_run(run, fingerprint=preview.fingerprint, actor=actor)
        assert len(preview.enable_ids) == number
        costs.append((len(seen), len(done)))
    assert costs[0] == costs[1]


# --- what a run did ---


def test_the_story_tells_who_was_created_disabled_and_moved_and_what_was_lost(
    idp: IdentityProvider, before: Before
) -> None:
    ada, grace, pushed, group = before
    resend(ada, "ada", first_name="Augusta", active=False)
    provision(idp, "joan")
    deprovision(grace)
    delete_sso_group(pushed)
    story = story_of(last_run(idp))
    assert {chapter.code: [user.username for user in chapter.people] for chapter in story.chapters} == {
        "created": ["joan"],
        "disabled": ["ada", "grace"],
        "removed": ["grace"],
        "renamed": ["ada"],
    }
    assert [(moves.name, moves.joined, moves.left) for moves in story.groups] == [("Builders", 0, 2)]
    assert [(lost.name, lost.fed) for lost in story.lost] == [("Engineering", [group.name])]
    assert story.counted.summary == "1 created or taken over, 1 set inactive, 1 removed, 1 SSO groups deleted"
    assert story.is_whole


def test_the_runs_are_listed_latest_first_page_by_page(idp: IdentityProvider) -> None:
    written(idp, *(f"2026-0{month}-02 {hour:02}:00" for month in (2, 3) for hour in range(3)))
    seen, before = [], None
    while before != 0:
        page = runs_of(idp, before, most=2)
        seen += [f"{counted.run.began_at:%m-%d %H}" for counted in page.runs]
        before = page.before
    assert seen == ["03-02 02", "03-02 01", "03-02 00", "02-02 02", "02-02 01", "02-02 00"]


def test_a_list_and_a_story_cost_the_same_for_few_and_for_many(idp: IdentityProvider) -> None:
    costs = []
    for number in (FEW, MANY):
        for each in range(number):
            with clock.ago(days=5, hours=-each - number):
                deprovision(provision(idp, f"of{number}-{each}"))
        with statements() as listed:
            assert len(runs_of(idp).runs) >= number
        with statements() as told:
            story_of(last_run(idp))
        costs.append((len(listed), len(told)))
    assert costs[0] == costs[1]
