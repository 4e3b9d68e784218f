"""Audit events for other systems, in the words of the Open Cybersecurity Schema Framework (docs/events.md).

People and groups appear by id only: names can be erased here (R10), and not where the events went.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from identity.models import AuditEvent, Role

VERSION = "1.7.0"
CATEGORY_UID, CATEGORY = 3, "Identity & Access Management"
PRODUCT = {"name": "Gatehouse", "vendor_name": "Gatehouse"}
LONGEST_LIST = 50
LONGEST_TEXT = 500
OTHER = 99


class Severity(IntEnum):
    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class EventClass:
    """A class of the schema; `activities` are those of its activity_ids that the portal knows."""

    uid: int
    name: str
    activities: dict[int, str]


ACCOUNT_CHANGE = EventClass(
    3001,
    "Account Change",
    {
        1: "Create",
        2: "Enable",
        3: "Password Change",
        5: "Disable",
        6: "Delete",
        10: "MFA Factor Enable",
        11: "MFA Factor Disable",
    },
)
AUTHENTICATION = EventClass(3002, "Authentication", {1: "Logon", 2: "Logoff"})
ENTITY_MANAGEMENT = EventClass(
    3004, "Entity Management", {1: "Create", 3: "Update", 4: "Delete", 8: "Enable", 9: "Disable"}
)
USER_ACCESS = EventClass(3005, "User Access Management", {1: "Assign Privileges", 2: "Revoke Privileges"})
GROUP_MANAGEMENT = EventClass(3006, "Group Management", {3: "Add User", 4: "Remove User", 5: "Delete", 6: "Create"})

CLASSES = (ACCOUNT_CHANGE, AUTHENTICATION, ENTITY_MANAGEMENT, USER_ACCESS, GROUP_MANAGEMENT)

# What an action is about tells its class; `user.*` alone is of several.
_BY_SUBJECT = {
    "user": ACCOUNT_CHANGE,
    "group": GROUP_MANAGEMENT,
    "group_mapping": GROUP_MANAGEMENT,
    "membership": GROUP_MANAGEMENT,
    "sign_in": AUTHENTICATION,
    "sso_group": GROUP_MANAGEMENT,
}
_BY_ACTION = {
    "user.login": AUTHENTICATION,
    "user.break_glass_login": AUTHENTICATION,
    "user.session_ended": AUTHENTICATION,
    "user.sessions_ended": AUTHENTICATION,
    "user.signed_out_by_provider": AUTHENTICATION,
    "scim_token.unknown": AUTHENTICATION,
    "api_token.unknown": AUTHENTICATION,
    "user.role_changed": USER_ACCESS,
    "user.break_glass_set": USER_ACCESS,
}

# The activity, by what was done. What is in no table is an update of an entity, or else "Other": so is what comes
# with an event of its own for the status, such as user.deprovisioned with user.disabled.
_ACTIVITY: dict[int, dict[str, int]] = {
    ACCOUNT_CHANGE.uid: {
        "provisioned": 1,
        "created": 1,
        "created_at_sign_in": 1,
        "invited": 1,
        "enabled": 2,
        "revived": 2,
        "password_changed": 3,
        "disabled": 5,
        "deleted_permanently": 6,
        "second_factor_set_up": 10,
        "second_factor_replaced": 10,
        "second_factor_removed": 11,
    },
    AUTHENTICATION.uid: {
        "login": 1,
        "break_glass_login": 1,
        "session_ended": 2,
        "sessions_ended": 2,
        "signed_out_by_provider": 2,
        "wrong_password": 1,
        "wrong_code": 1,
        "unknown_name": 1,
        "unknown": 1,
        "paused": 1,
        "refused": 1,
    },
    ENTITY_MANAGEMENT.uid: {
        "created": 1,
        "deleted": 4,
        "revoked": 4,
        "enabled": 8,
        "disabled": 9,
        "access.refused": OTHER,
    },
    GROUP_MANAGEMENT.uid: {
        "membership.added": 3,
        "membership.removed": 4,
        "group.deleted": 5,
        "sso_group.deleted": 5,
        "sso_group.declaration_withdrawn": 5,
        "group.created": 6,
        "sso_group.pushed": 6,
        "sso_group.declared": 6,
    },
}

# What was tried in vain.
_FAILURES = frozenset(
    {
        "sign_in.wrong_password",
        "sign_in.wrong_code",
        "sign_in.unknown_name",
        "sign_in.paused",
        "sign_in.refused",
        "scim_token.unknown",
        "api_token.unknown",
        "access.refused",
    }
)

_SEVERITY = {
    "access.mode_set": Severity.MEDIUM,
    "access.refused": Severity.LOW,
    "api_token.created": Severity.LOW,
    "api_token.unknown": Severity.LOW,
    "scim_token.created": Severity.LOW,
    "scim_token.unknown": Severity.LOW,
    "sign_in.paused": Severity.MEDIUM,
    "sign_in.wrong_code": Severity.MEDIUM,
    "sign_in.wrong_password": Severity.LOW,
    "user.break_glass_login": Severity.HIGH,
    "user.break_glass_set": Severity.MEDIUM,
    "user.deleted_permanently": Severity.MEDIUM,
    "user.role_changed": Severity.MEDIUM,
    "user.recovery_codes_made": Severity.LOW,
    "user.second_factor_removed": Severity.LOW,
    "user.second_factor_replaced": Severity.LOW,
}


def as_ocsf(event: AuditEvent) -> dict[str, Any]:
    """The event as a JSON-ready document; docs/events.md explains every field."""
    kind = class_of(event.action)
    activity_id = activity_of(event, kind)
    activity = kind.activities.get(activity_id, "Other")
    severity = _SEVERITY.get(event.action, Severity.INFORMATIONAL)
    details, is_cut = _shortened(event.details)
    status_id, status = (2, "Failure") if event.action in _FAILURES else (1, "Success")
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
        "class_name": kind.name,
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": kind.uid * 100 + activity_id,
        "type_name": f"{kind.name}: {activity}",
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
    """The event's id; with group and person, where one event moved many (`identity.audit.of_one`)."""
    is_one_of_many = "through" in event.details
    return f"{event.pk}:{event.group_id}:{event.user_id}" if is_one_of_many else str(event.pk)


def class_of(action: str) -> EventClass:
    subject = action.partition(".")[0]
    return _BY_ACTION.get(action) or _BY_SUBJECT.get(subject, ENTITY_MANAGEMENT)


def activity_of(event: AuditEvent, kind: EventClass) -> int:
    """The class's activity_id for this event, OTHER for what the schema has no word for."""
    if kind is USER_ACCESS:
        return 1 if _gains(event) else 2
    known, verb = _ACTIVITY[kind.uid], event.action.partition(".")[2]
    otherwise = 3 if kind is ENTITY_MANAGEMENT else OTHER
    return known.get(event.action, known.get(verb, otherwise))


def _gains(event: AuditEvent) -> bool:
    """Whether the person may do more than before."""
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
        case "operator" | "visitor":
            return {"app_name": event.actor_label}
    actor = {"app_name": event.actor_label, "app_uid": f"{event.actor_kind}:{event.actor_id}"}
    return actor | ({"idp": {"uid": str(event.identity_provider_id)}} if event.identity_provider_id else {})


def _subject(event: AuditEvent, kind: EventClass) -> dict[str, Any]:
    """Whom or what the event is about, under the name that its class has for it."""
    user = {"user": _person(event.user_id)} if event.user_id is not None else {}
    match kind.uid:
        case GROUP_MANAGEMENT.uid:
            return {"group": _group(event), **user}
        case ENTITY_MANAGEMENT.uid:
            return {"entity": _entity(event)}
        case USER_ACCESS.uid:
            return {**user, "privileges": _privileges(event)}
        case AUTHENTICATION.uid:
            return {**user, "service": {"name": "Gatehouse"}, **_protocol(event)}
    return user


def _origin(event: AuditEvent) -> dict[str, Any]:
    """Where it came from and how often; nothing once that was erased."""
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
    """What is neither a user nor a group: its kind is the first word of the action, its id is in the details."""
    kind = event.action.partition(".")[0]
    uid = event.details.get(kind.rpartition("_")[2], event.details.get(kind))
    if kind == "identity_provider":
        uid = event.identity_provider_id
    owner = {"user": _person(event.user_id)} if event.user_id is not None else {}
    return {"type_id": OTHER, "type": kind, "uid": str(kind if uid is None else uid), **owner}


def _privileges(event: AuditEvent) -> list[str]:
    """What was given, or taken away."""
    match event.details:
        case {"role": {"from": before, "to": after}}:
            return [f"role:{after if _gains(event) else before}"]
    return ["break_glass"]


def _protocol(event: AuditEvent) -> dict[str, Any]:
    method = event.details.get("method")
    return {"auth_protocol_id": OTHER, "auth_protocol": method} if method else {}


def _other_ids(event: AuditEvent) -> dict[str, str]:
    """What the event names beside its subject: of a mapping, both sides."""
    ids = {"identity_provider_uid": event.identity_provider_id, "sso_group_uid": event.sso_group_id}
    return {name: str(value) for name, value in ids.items() if value is not None}


def _shortened(details: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A line stays short enough to be written in one piece, whoever else writes to the same pipe.

    Of long lists the beginning, and how long they are; of long texts (a certificate) the beginning.
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
