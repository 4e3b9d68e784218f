"""Audit events for other systems, in terms of the Open Cybersecurity Schema Framework (docs/events.md).

People and groups appear by id only: names can be erased here (R10), but not where the events were sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from identity.event_classes import Activity, EntityManagement, EventClass, Severity, UserAccess
from identity.events import Event
from identity.models import AuditEvent, Role

VERSION = "1.7.0"
CATEGORY_UID, CATEGORY = 3, "Identity & Access Management"
PRODUCT = {"name": "Gatehouse", "vendor_name": "Gatehouse"}
LONGEST_LIST = 50
LONGEST_TEXT = 500
OTHER_TYPE = 99  # the schema's number for anything without one


def as_ocsf(event: AuditEvent) -> dict[str, Any]:
    """The event as a JSON-ready document; docs/events.md explains every field."""
    known = Event.known(event.action)
    activity = activity_of(event)
    kind = EventClass.of(activity)
    severity = known.told.severity if known else Severity.INFORMATIONAL
    details, is_cut = shortened(event.shown_details)
    status_id, status = (2, "Failure") if known and known.told.is_failure else (1, "Success")
    return {
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "log_name": "audit",
            "uid": uid_of(event),
            "event_code": event.action,
            "correlation_uid": event.request_id,
            **({"is_truncated": True} if is_cut else {}),
        },
        "time": _moment(event.at),
        "category_uid": CATEGORY_UID,
        "category_name": CATEGORY,
        "class_uid": kind.uid,
        "class_name": kind.title,
        "activity_id": int(activity),
        "activity_name": activity.label,
        "type_uid": kind.uid * 100 + activity,
        "type_name": f"{kind.title}: {activity.label}",
        "severity_id": int(severity),
        "severity": severity.name.capitalize(),
        "status_id": status_id,
        "status": status,
        "actor": _actor(event),
        **_subject(event, kind),
        **_origin(event),
        "unmapped": {"details": details, **_other_ids(event)},
    }


def uid_of(event: AuditEvent) -> str:
    """The event's id; with group and user, where one event moved many (`identity.audit.of_one`)."""
    is_one_of_many = "through" in event.details
    return f"{event.pk}:{event.group_id}:{event.user_id}" if is_one_of_many else str(event.pk)


def activity_of(event: AuditEvent) -> Activity:
    """The activity in the schema's terms; "Other" if only another version of the portal knows it."""
    known = Event.known(event.action)
    activity = known.told.activity if known else EntityManagement.OTHER
    if isinstance(activity, UserAccess):  # which of the two depends on what was changed
        return UserAccess.ASSIGN if _gains(event) else UserAccess.REVOKE
    return activity


def _gains(event: AuditEvent) -> bool:
    """Whether the user may do more than before."""
    match event.details:
        case {"role": {"from": before, "to": after}}:
            return Role(after).rank > Role(before).rank
        case {"break_glass": flag}:
            return bool(flag)
    return False


def _actor(event: AuditEvent) -> dict[str, Any]:
    match event.actor_kind:
        case "user":
            return {"user": _person(event.actor_id)}
        case "operator" | "schedule" | "visitor":
            return {"app_name": event.actor_label}
    actor = {"app_name": event.actor_label, "app_uid": f"{event.actor_kind}:{event.actor_id}"}
    return actor | ({"idp": {"uid": str(event.identity_provider_id)}} if event.identity_provider_id else {})


def _subject(event: AuditEvent, kind: EventClass) -> dict[str, Any]:
    """The subject of the event, under the name its class uses."""
    user = {"user": _person(event.user_id)} if event.user_id is not None else {}
    match kind:
        case EventClass.GROUP_MANAGEMENT:
            return {"group": _group(event), **user}
        case EventClass.ENTITY_MANAGEMENT:
            return {"entity": _entity(event)}
        case EventClass.USER_ACCESS:
            return {**user, "privileges": _privileges(event)}
        case EventClass.AUTHENTICATION:
            return {**user, "service": {"name": "Gatehouse"}, **_protocol(event)}
    return user


def _origin(event: AuditEvent) -> dict[str, Any]:
    """Where it came from and how often; empty once erased."""
    origin = event.known_origin
    if origin is None:
        return {}
    found: dict[str, Any] = {"src_endpoint": {"ip": origin.address}} if origin.address else {}
    if origin.browser:
        found["http_request"] = {"user_agent": origin.browser}
    if origin.window:
        found |= {"count": origin.times, "start_time": _moment(event.at), "end_time": _moment(origin.last_at)}
    return found


def _moment(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _person(user_id: int | None) -> dict[str, Any]:
    return {"uid": str(user_id), "type_id": 1, "type": "User"}


def _group(event: AuditEvent) -> dict[str, Any]:
    """The portal group, else the SSO group."""
    if event.group_id is None:
        return {"uid": str(event.sso_group_id), "type": "SSO group"}
    return {"uid": str(event.group_id), "type": "Portal group"}


def _entity(event: AuditEvent) -> dict[str, Any]:
    """Anything but a user or a group: its kind is the first word of the action, its id is in the details."""
    kind = event.action.partition(".")[0]
    uid = event.details.get(kind.rpartition("_")[2], event.details.get(kind))
    if kind == "identity_provider":
        uid = event.identity_provider_id
    owner = {"user": _person(event.user_id)} if event.user_id is not None else {}
    return {"type_id": OTHER_TYPE, "type": kind, "uid": str(kind if uid is None else uid), **owner}


def _privileges(event: AuditEvent) -> list[str]:
    """What was granted or revoked."""
    match event.details:
        case {"role": {"from": before, "to": after}}:
            return [f"role:{after if _gains(event) else before}"]
    return ["break_glass"]


def _protocol(event: AuditEvent) -> dict[str, Any]:
    method = event.details.get("method")
    return {"auth_protocol_id": OTHER_TYPE, "auth_protocol": method} if method else {}


def _other_ids(event: AuditEvent) -> dict[str, str]:
    """Other ids in the event: for a mapping, both sides."""
    ids = {"identity_provider_uid": event.identity_provider_id, "sso_group_uid": event.sso_group_id}
    return {name: str(value) for name, value in ids.items() if value is not None}


def shortened(details: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Short enough to be written in one piece, even to a pipe with other writers.

    Of long lists, the beginning and the length; of long texts (a certificate) the beginning.
    """
    short = {name: _cut(value) for name, value in details.items()}
    for name, value in details.items():
        if isinstance(value, list) and len(value) > LONGEST_LIST:
            short |= {f"{name}_count": len(value)}
    return short, short != details


def _cut(value: Any) -> Any:
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[:LONGEST_TEXT]}…"
        case list():
            return [_cut(item) for item in value[:LONGEST_LIST]]
        case dict():
            return {name: _cut(item) for name, item in value.items()}
    return value
