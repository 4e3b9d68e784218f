"""Groups, mappings, assets, and actions on many people."""

from __future__ import annotations

from typing import Any

from identity.models import (
    BulkRun,
    Membership,
    User,
)
from identity.models.runs import Run, last_before, run_of
from identity.services import (
    assets,
    bulk_runs,
    groups,
    mappings,
    reconciling,
    runs,
)
from tests.factories import OPERATOR, delete_sso_group, make_group, owner
from tests.identity.two_idps import Side
from tests.identity.two_idps_cases.deeds import Asked, Deed


def _map_to_a_new_group(side: Side) -> None:
    group = make_group("Fresh")
    seen = mappings.preview_mapping(side.sso_group, group).fingerprint
    mappings.apply_mapping(side.sso_group, group, fingerprint=seen, actor=OPERATOR)


def _unmap(side: Side, group: Any) -> None:
    mapping = side.sso_group.mappings.get(group=group)
    seen = mappings.preview_unmapping(mapping).fingerprint
    mappings.delete_mapping(mapping, fingerprint=seen, actor=OPERATOR)


def _reconcile(side: Side, subject: reconciling.Subject) -> None:
    """After somebody has left a mapped group without the identity provider."""
    Membership.objects.filter(group=side.group, user=side.user).delete()
    seen = reconciling.differences(subject).fingerprint
    reconciling.reconcile(subject, fingerprint=seen, actor=OPERATOR)


def _last_run(side: Side) -> Run:
    entry = last_before(side.idp.pk, None)
    run = run_of(entry) if entry else None
    assert run is not None
    return run


def _restore(side: Side) -> None:
    delete_sso_group(side.sso_group)
    seen = runs.preview_restoring(_last_run(side), actor=OPERATOR).fingerprint
    runs.restore_run(_last_run(side), fingerprint=seen, actor=OPERATOR)


def _draft(side: Side, kind: BulkRun.Kind, user: User, **values: Any) -> BulkRun:
    return bulk_runs.create_run(kind, [bulk_runs.Wanted(user)], values=values, actor=OPERATOR)


def _work(side: Side, kind: BulkRun.Kind, user: User, **values: Any) -> None:
    bulk_runs.work_on(_draft(side, kind, user, **values), actor=OPERATOR)


OF_A_PERSON: dict[str, list[Deed]] = {
    "assets.add_owner": [lambda mine: assets.add_owner(mine.asset, mine.local, actor=OPERATOR)],
    "assets.create_asset": [lambda mine: assets.create_asset(name="New", owner=mine.user, actor=OPERATOR)],
    "assets.delete_asset": [lambda mine: assets.delete_asset(mine.asset, actor=OPERATOR)],
    "assets.edit_asset": [lambda mine: assets.edit_asset(mine.asset, name="N", kind="", link="", actor=OPERATOR)],
    "assets.give_asset": [lambda mine: assets.give_asset(mine.asset, taker=mine.local, actor=OPERATOR)],
    "assets.hand_over": [lambda mine: assets.hand_over(mine.user, mine.local, actor=OPERATOR)],
    "assets.remove_owner": [
        lambda mine: [
            assets.add_owner(mine.asset, mine.local, actor=OPERATOR),
            assets.remove_owner(mine.asset, mine.user, actor=OPERATOR),
        ]
    ],
    "assets.transfer_asset": [
        lambda mine: assets.transfer_asset(mine.asset, giver=mine.user, taker=mine.local, actor=OPERATOR)
    ],
    "bulk_runs.begin": [lambda mine: bulk_runs.begin(mine.run, actor=OPERATOR)],
    "bulk_runs.carry_out": [
        lambda mine: bulk_runs.carry_out(mine.run.rows.get(), actor=OPERATOR),
        lambda mine: bulk_runs.carry_out(mine.draft.rows.get(), actor=OPERATOR),
    ],
    "bulk_runs.begin_draft": [lambda mine: bulk_runs.begin_draft(mine.draft, actor=OPERATOR)],
    "bulk_runs.create_run": [lambda mine: _draft(mine, BulkRun.Kind.DISABLE, mine.user)],
    "bulk_runs.discard_draft": [lambda mine: bulk_runs.discard_draft(mine.draft, actor=OPERATOR)],
    "bulk_runs.finish": [lambda mine: bulk_runs.finish.func(mine.run.pk, owner().user.pk)],
    "bulk_runs.start_run": [lambda mine: bulk_runs.start_run(mine.draft, actor=OPERATOR)],
    "bulk_runs.work_on": [
        lambda mine: bulk_runs.work_on(mine.run, actor=OPERATOR),
        lambda mine: _work(mine, BulkRun.Kind.DISABLE, mine.user),
        lambda mine: _work(mine, BulkRun.Kind.REVOKE_INVITATION, mine.invited),
        lambda mine: _work(mine, BulkRun.Kind.RESEND_INVITATION, mine.invited),
        lambda mine: _work(mine, BulkRun.Kind.ADD_TO_GROUPS, mine.local, groups=[mine.group.pk]),
    ],
    "groups.add_members": [
        lambda mine: groups.add_members(mine.group, [mine.local], actor=OPERATOR),
        lambda mine: groups.add_members(make_group("Fresh"), [mine.user], actor=OPERATOR),
    ],
    "groups.remove_members": [lambda mine: groups.remove_members(mine.group, [mine.user], actor=OPERATOR)],
}

OF_A_PROVIDER: dict[str, list[Deed]] = {
    "reconciling.reconcile": [
        lambda mine: _reconcile(mine, mine.user),
        lambda mine: _reconcile(mine, mine.mapping),
        lambda mine: _reconcile(mine, mine.idp),
    ],
    "groups.delete_group": [lambda mine: groups.delete_group(mine.group, actor=OPERATOR)],
    "groups.edit_group": [lambda mine: groups.edit_group(mine.group, name="New", description="", actor=OPERATOR)],
    "runs.restore_run": [_restore],
    "mappings.apply_mapping": [_map_to_a_new_group],
    "mappings.delete_mapping": [
        lambda mine: _unmap(mine, mine.group),
        lambda mine: _unmap(mine, mine.shared),
    ],
    "mappings.map_to_new_group": [
        lambda mine: mappings.map_to_new_group(
            mine.sso_group, fingerprint=mappings.preview_new_group(mine.sso_group).fingerprint, actor=OPERATOR
        )
    ],
}

READS: dict[str, Asked] = {
    "bulk_runs.finish_in_background": lambda mine: (bulk_runs.finish_in_background(mine.run, actor=OPERATOR), None),
    "reconciling.differences": lambda mine: (bool(reconciling.differences(mine.idp)), False),
    "runs.preview_restoring": lambda mine: (
        bool(runs.preview_restoring(_last_run(mine), actor=OPERATOR)),
        False,
    ),
    "runs.name_of": lambda mine: (
        runs.name_of(_last_run(mine), mine.idp).startswith(f"{mine.idp}'s run of "),
        True,
    ),
    "mappings.preview_mapping": lambda mine: (mappings.preview_mapping(mine.sso_group, mine.group).join_ids, set()),
    "mappings.preview_new_group": lambda mine: (
        mappings.preview_new_group(mine.sso_group).join_ids <= {mine.user.pk, mine.colleague.user_id},
        True,
    ),
    "mappings.preview_unmapping": lambda mine: (
        mappings.preview_unmapping(mine.sso_group.mappings.get(group=mine.shared)).leave_ids
        <= {mine.user.pk, mine.colleague.user_id},
        True,
    ),
    "bulk_runs.rows_for": lambda mine: (
        [
            (row.user, row.outcome)
            for row in bulk_runs.rows_for(BulkRun.Kind.RESEND_INVITATION, [mine.user, mine.invited], actor=OPERATOR)
        ],
        [(mine.user, "left_alone"), (mine.invited, "pending")],
    ),
    "bulk_runs.decide": lambda mine: (
        bulk_runs.decide(BulkRun.Kind.RESEND_INVITATION, mine.user, actor=OPERATOR).code,
        "not_invited",
    ),
}
