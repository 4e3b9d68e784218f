"""Audit events as messages for programs: what the feed of the REST API answers and webhooks send (docs/events.md).

People and groups appear by id only, as in OCSF: names can be erased here (R10), but not where they were sent.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from identity.events import Event, Family
from identity.models import AuditEvent
from portal.exchange.ocsf import shortened, uid_of

MOVES = frozenset({Event.MEMBERSHIP_ADDED.value, Event.MEMBERSHIP_REMOVED.value})

# Why somebody is in a group or not, by who acted; what a mapping or an identity provider did goes before.
_CAUSES = {
    "user": "person",
    "operator": "operator",
    "schedule": "schedule",
    "scim_token": "identity_provider",
    "sso_sign_in": "identity_provider",
}


def as_message(event: AuditEvent) -> dict[str, Any]:
    """The event as a JSON-ready document in the shape that Standard Webhooks suggests: type, timestamp, data."""
    details, is_cut = shortened(event.shown_details)
    data: dict[str, Any] = {
        "id": uid_of(event),
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "label": event.actor_label},
        "request_id": event.request_id,
        "identity_provider_id": event.identity_provider_id,
        "user_id": event.user_id,
        "group_id": event.group_id,
        "sso_group_id": event.sso_group_id,
        "details": details,
    }
    if is_cut:
        data["is_truncated"] = True
    if event.action in MOVES:
        data["cause"] = cause_of(event)
    if origin := event.known_origin:
        data["origin"] = {"address": origin.address, "browser": origin.browser, "times": origin.times}
    return {
        "type": event.action,
        "timestamp": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": data,
    }


def cause_of(event: AuditEvent) -> dict[str, Any]:
    """Why somebody joined or left: `kind`, and the `event` by which it came, if it was another one."""
    through = Event.known(event.details.get("through", ""))
    kind = _CAUSES.get(event.actor_kind, event.actor_kind)
    if through and through.family is Family.GROUP_MAPPING:
        kind = "mapping"
    elif through in {Event.ACCESS_IDP_FOLLOWED, Event.ACCESS_RECONCILED}:
        kind = "identity_provider"
    return {"kind": kind, "event": through.value if through else None}
