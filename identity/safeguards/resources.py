"""Safeguards of groups, assets and bulk actions (R10, R12, R13)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Decision
from identity.core.refusals import Refusal
from identity.models import Asset, BulkRow, Status, TurnedAway, User
from identity.safeguards.asked import Asked, out_of_place, refused, so_already


def pushed(asked: Asked) -> Decision:
    """R19: a declared group is the portal's, a pushed one the identity provider's."""
    if asked.sso_group is None or asked.sso_group.is_declared_only:
        return ALLOWED
    return out_of_place("pushed", Refusal.PUSHED(sso_group=asked.sso_group))


def paused_already(asked: Asked) -> Decision:
    provider = asked.identity_provider
    if provider is None or provider.paused_at is None:
        return ALLOWED
    return so_already("already_paused", Refusal.PAUSED_ALREADY(provider=provider))


def not_paused(asked: Asked) -> Decision:
    provider = asked.identity_provider
    if provider is None or provider.paused_at is not None:
        return ALLOWED
    return so_already("not_paused", Refusal.NOT_PAUSED(provider=provider))


def nothing_turned_away(asked: Asked) -> Decision:
    """R24."""
    provider = asked.identity_provider
    if provider is None or TurnedAway.objects.unheard().filter(identity_provider=provider).exists():
        return ALLOWED
    return so_already("nothing_turned_away", Refusal.NOTHING_TURNED_AWAY(provider=provider))


def disabled_taker(asked: Asked) -> Decision:
    """R12: a new owner need not have signed in yet, but must be able to."""
    if asked.taker is None or asked.taker.status != Status.DISABLED:
        return ALLOWED
    return refused("owner_disabled", Refusal.TAKER_DISABLED(taker=asked.taker))


def taker_needed(asked: Asked) -> Decision:
    """R10: assets that only the deleted user owned need a new owner."""
    if asked.user is None or asked.taker is not None:
        return ALLOWED
    match Asset.objects.owned_only_by(asked.user.pk).count():
        case 0:
            return ALLOWED
        case 1:
            return refused("transferee_needed", Refusal.ASSET_ALONE())
        case alone:
            return refused("transferee_needed", Refusal.ASSETS_ALONE(number=alone))


def last_asset_owner(asked: Asked) -> Decision:
    """R12."""
    if asked.asset is None or asked.giver is None or asked.asset.ownerships.exclude(user=asked.giver).exists():
        return ALLOWED
    return refused("last_asset_owner", Refusal.LAST_ASSET_OWNER(asset=asked.asset))


def not_an_owner(asked: Asked) -> Decision:
    if asked.giver is None or _owns(asked, asked.giver):
        return ALLOWED
    return out_of_place("not_an_owner", Refusal.NOT_AN_OWNER(giver=asked.giver, asset=asked.asset))


def no_owner_already(asked: Asked) -> Decision:
    if asked.giver is None or _owns(asked, asked.giver):
        return ALLOWED
    return so_already("not_an_owner", Refusal.NOT_AN_OWNER(giver=asked.giver, asset=asked.asset))


def owner_already(asked: Asked) -> Decision:
    if asked.asset is None or asked.taker is None or not _owns(asked, asked.taker):
        return ALLOWED
    return so_already("already_an_owner", Refusal.OWNER_ALREADY(taker=asked.taker, asset=asked.asset))


def same_owner(asked: Asked) -> Decision:
    if asked.giver is None or asked.giver != asked.taker:
        return ALLOWED
    return so_already("already_an_owner", Refusal.OWNER_ALREADY(taker=asked.taker, asset=asked.asset))


def _owns(asked: Asked, person: User) -> bool:
    """Without an asset there is nothing to refuse."""
    return asked.asset is None or asked.asset.ownerships.filter(user=person).exists()


def started_already(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return so_already("already_started", Refusal.RUN_STARTED())


def still_a_draft(asked: Asked) -> Decision:
    if asked.run is None or not asked.run.is_draft:
        return ALLOWED
    return out_of_place("is_draft", Refusal.RUN_IS_DRAFT())


def not_a_draft(asked: Asked) -> Decision:
    if asked.run is None or asked.run.is_draft:
        return ALLOWED
    return out_of_place("not_a_draft", Refusal.RUN_STAYS())


def nothing_to_start(asked: Asked) -> Decision:
    if _has_pending_rows(asked):
        return ALLOWED
    return out_of_place("nothing_to_start", Refusal.RUN_EMPTY())


def nothing_waits(asked: Asked) -> Decision:
    if _has_pending_rows(asked):
        return ALLOWED
    return so_already("nothing_waits", Refusal.RUN_DONE())


def _has_pending_rows(asked: Asked) -> bool:
    """Without a run there is nothing to refuse."""
    return asked.run is None or asked.run.rows.filter(outcome=BulkRow.Outcome.PENDING).exists()
