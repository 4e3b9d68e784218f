"""A large company that has been here for two months: people, groups, mappings, both logs, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from tests.bench import company_rows as rows
from tests.bench import databases

GROUPS = 1_000
DAYS = 60


@dataclass(frozen=True, slots=True)
class Company:
    """Its database, and the ids that addresses of pages name: `_of` says which row each is."""

    address: str = ""
    user_name: str = ""
    busy_name: str = ""
    user: int = 0
    busy: int = 0
    invited: int = 0
    disabled: int = 0
    gone: int = 0
    group: int = 0
    free_group: int = 0
    division: int = 0
    free_division: int = 0
    everybody: int = 0
    sso_group: int = 0
    sso_division: int = 0
    free_sso_division: int = 0
    sso_everybody: int = 0
    declared: int = 0
    mapping: int = 0
    mapping_of_division: int = 0
    mapping_of_everybody: int = 0
    provider: int = 0
    other_provider: int = 0
    connection: int = 0
    log: int = 0
    log_that_moved: int = 0
    event: int = 0
    event_that_moved: int = 0
    conflict: int = 0
    turned_away: int = 0
    sso_user: int = 0
    asset: int = 0
    run: int = 0
    draft: int = 0
    api_token: int = 0
    scheduled_job: int = 0
    webhook: int = 0
    alarm: int = 0
    rule: int = 0
    delivery: int = 0
    scim_token: int = 0
    scim_trust: int = 0
    deletion: int = 0
    session: int = 0

    @property
    def a_month_ago(self) -> date:
        """A day in the middle of the logs."""
        return datetime.now(UTC).date() - timedelta(days=DAYS // 2)


_GROUP = "SELECT id FROM identity_group WHERE name = '{}'"
_SSO_GROUP = "SELECT id FROM identity_ssogroup WHERE display_name = 'SSO {}'"
_MAPPING = "SELECT id FROM identity_groupmapping WHERE group_id = ({})"

_WHICH = {
    "user": "SELECT {first} + 5001",
    "busy": "SELECT {busy}",
    "invited": "SELECT max(user_id) FROM identity_invitation",
    "disabled": "SELECT max(id) FROM identity_user WHERE status = 'disabled'",
    "gone": "SELECT {gone}",
    "group": _GROUP.format("Group 0001"),
    "free_group": _GROUP.format("Group 0900"),
    "division": _GROUP.format("Division 1"),
    "free_division": _GROUP.format("Division 10"),
    "everybody": _GROUP.format("Everybody"),
    "sso_group": _SSO_GROUP.format("Group 0001"),
    "sso_division": _SSO_GROUP.format("Division 1"),
    "free_sso_division": _SSO_GROUP.format("Division 10"),
    "sso_everybody": _SSO_GROUP.format("Everybody"),
    "declared": "SELECT id FROM identity_ssogroup WHERE pushed_at IS NULL",
    "mapping": _MAPPING.format(_GROUP.format("Group 0001")),
    "mapping_of_division": _MAPPING.format(_GROUP.format("Division 1")),
    "mapping_of_everybody": _MAPPING.format(_GROUP.format("Everybody")),
    "provider": "SELECT {idp}",
    "other_provider": "SELECT {other}",
    "connection": "SELECT max(id) FROM identity_ssoconnection",
    "log": "SELECT max(id) / 2 FROM identity_provisioninglog",
    "log_that_moved": "SELECT max(id) FROM identity_provisioninglog",
    "event": "SELECT max(id) / 2 FROM identity_auditevent",
    "event_that_moved": "SELECT max(id) FROM identity_auditevent",
    "conflict": "SELECT max(id) FROM identity_conflict WHERE state = 'open'",
    "turned_away": "SELECT max(id) FROM identity_turnedaway",
    "sso_user": "SELECT max(id) FROM identity_ssouser",
    "asset": "SELECT max(id) - 2 FROM identity_asset",
    "run": "SELECT min(id) FROM identity_bulkrun",
    "draft": "SELECT id FROM identity_bulkrun WHERE is_draft",
    "api_token": "SELECT max(id) FROM identity_apitoken",
    "scheduled_job": "SELECT max(id) FROM identity_scheduledjob",
    "alarm": "SELECT max(id) FROM identity_alarm",
    "rule": "SELECT max(id) FROM identity_notificationrule",
    "webhook": "SELECT max(id) FROM identity_webhook",
    "delivery": "SELECT max(id) FROM identity_webhookdelivery",
    "scim_token": "SELECT max(id) FROM identity_scimtoken",
    "scim_trust": "SELECT max(id) FROM identity_scimtrust",
    "deletion": "SELECT max(id) FROM identity_deletionrecord",
    "session": "SELECT min(id) FROM usersessions_usersession",
}
_EMPTY_SESSION = "from django.contrib.sessions.backends.db import SessionStore; print(SessionStore().encode({}))"
_CALLED = {
    "user_name": "SELECT username FROM identity_user WHERE id = {first} + 5001",
    "busy_name": "SELECT username FROM identity_user WHERE id = {busy}",
}


def company(users: int, log_rows: int) -> Company:
    """That many people, 1,000 groups of each side, that many rows in the two logs together, and sue of support."""
    databases.people(users)
    address = databases.copy(f"people_{users}", f"company_{users}")
    sue = ("--username", "sue", "--email", "sue@example.test", "--password", "correct horse battery staple")
    databases.manage("create_owner", *sue, DATABASE_URL=address)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE identity_user SET role = 'support', is_break_glass = false WHERE username = 'sue'")
        connection.execute("SET session_replication_role = replica")
        facts = _facts(connection, address, users, log_rows // 2)
        for statement in rows.STATEMENTS:
            connection.execute(statement.format(**facts))
        connection.execute("VACUUM ANALYZE")
        ids = {name: int(_one(connection, sql.format(**facts))) for name, sql in _WHICH.items()}
        names = {name: _one(connection, sql.format(**facts)) for name, sql in _CALLED.items()}
        return Company(address, **names, **ids)


def _facts(connection: psycopg.Connection, address: str, users: int, log: int) -> dict[str, int | str]:
    """What the statements name; makes the other identity providers, whose first one has people."""
    idp = _one(connection, "SELECT min(id) FROM identity_identityprovider")
    connection.execute(rows.PROVIDERS)
    first = _one(connection, "SELECT min(user_id) FROM identity_ssouser")
    return {
        "users": users,
        "log": log,
        "groups": GROUPS,
        "days": DAYS,
        "idp": idp,
        "other": _one(connection, "SELECT min(id) FROM identity_identityprovider WHERE name LIKE 'Bought%'"),
        "first": first,
        "busy": first + users // 2 + 3,
        "gone": _one(
            connection, f"SELECT min(user_id) FROM identity_ssouser WHERE user_id % 100 = 0 AND id > {users // 3}"
        ),
        "divisions": rows.DIVISIONS,
        "often": rows.GROUPS_OF_THE_BUSY,
        "invited": rows.INVITED,
        "contractors": rows.CONTRACTORS,
        "rare": rows.RARE,
        "session": databases.manage("shell", "-v", "0", "-c", _EMPTY_SESSION, DATABASE_URL=address).strip(),
    }


def _one(connection: psycopg.Connection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    assert row is not None
    assert row[0] is not None, sql
    return row[0]
