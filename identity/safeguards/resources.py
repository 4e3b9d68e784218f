"""Safeguards of groups, assets and bulk actions (R10, R12, R13)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Decision
from identity.models import Asset, BulkRow, Status, User
from identity.safeguards.asked import Asked, out_of_place, refused, so_already


def pushed(asked: Asked) -> Decision:
    """R19: a declared group is the portal's, a pushed one the identity provider's."""
    if asked.sso_group is None or asked.sso_group.is_declared_only:
        return ALLOWED
    reason = f"{asked.sso_group} was pushed by the identity provider: delete it there."
    return out_of_place("pushed", reason)


def disabled_taker(asked: Asked) -> Decision:
    """R12: a new owner need not have signed in yet, but must be able to."""
    if asked.taker is None or asked.taker.status != Status.DISABLED:
        return ALLOWED
    return refused("owner_disabled", f"{asked.taker} is disabled: choose somebody who can look after it.")


def taker_needed(asked: Asked) -> Decision:
    """R10: what only the deleted user owned goes to somebody."""
    if asked.user is None or asked.taker is not None:
        return ALLOWED
    match Asset.objects.owned_only_by(asked.user.pk).count():
        case 0:
            return ALLOWED
        case 1:
            reason = "1 asset has no other owner: say who takes it over."
        case alone:
            reason = f"{alone} assets have no other owner: say who takes them over."
    return refused("transferee_needed", reason)


def last_asset_owner(asked: Asked) -> Decision:
    """R12."""
    if asked.asset is None or asked.giver is None or asked.asset.ownerships.exclude(user=asked.giver).exists():
        return ALLOWED
    return refused("last_asset_owner", f"{asked.asset} would be left without an owner: add another one first.")


def not_an_owner(asked: Asked) -> Decision:
    if asked.giver is None or _owns(asked, asked.giver):
        return ALLOWED
    return out_of_place("not_an_owner", f"{asked.giver} does not own {asked.asset}.")


def no_owner_already(asked: Asked) -> Decision:
    if asked.giver is None or _owns(asked, asked.giver):
        return ALLOWED
    return so_already("not_an_owner", f"{asked.giver} does not own {asked.asset}.")


def owner_already(asked: Asked) -> Decision:
    if asked.asset is None or asked.taker is None or not _owns(asked, asked.taker):
        return ALLOWED
    return so_already("already_an_owner", f"{asked.taker} owns {asked.asset} already.")


def same_owner(asked: Asked) -> Decision:
    if asked.giver is None or asked.giver != asked.taker:
        return ALLOWED
    return so_already("already_an_owner", f"{asked.taker} owns {asked.asset} already.")


def _owns(asked: Asked, person: User) -> bool:
    """Without an asset there is nothing to refuse."""
    return asked.asset is None or asked.asset.ownerships.filter(user=person).exists()


def started_already(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return so_already("already_started", "It has been started already.")


def still_a_draft(asked: Asked) -> Decision:
    if asked.run is None or not asked.run.is_draft:
        return ALLOWED
    return out_of_place("is_draft", "This is a draft: look through it and start it first.")


def not_a_draft(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return out_of_place("not_a_draft", "It has been started: its results stay.")


def nothing_to_start(asked: Asked) -> Decision:
    if _has_pending_rows(asked):
        return ALLOWED
    return out_of_place("nothing_to_start", "There is nobody in this draft with whom it could be done: discard it.")


def nothing_waits(asked: Asked) -> Decision:
    if _has_pending_rows(asked):
        return ALLOWED
    return so_already("nothing_waits", "Nobody waits for it any more.")


def _has_pending_rows(asked: Asked) -> bool:
    """Without a run there is nothing to refuse."""
    return asked.run is None or asked.run.rows.filter(outcome=BulkRow.Outcome.PENDING).exists()
