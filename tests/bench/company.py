"""A large company that has been here for two months: groups, mappings, both logs, set-based."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from tests.bench import databases

GROUPS = 1_000
MAPPED = 500
DAYS = 60

# What is the same for every statement: the first ids of what they refer to, and how many there are.
PEOPLE = "(SELECT min(id) FROM identity_ssouser)"

STATEMENTS = (
    # people: some disabled, some never here, some with a password of before
    "UPDATE identity_user SET status = CASE WHEN id %% 100 = 0 THEN 'disabled' ELSE status END,"
    " last_active = CASE WHEN id %% 10 = 0 THEN NULL ELSE now() - (id %% 50) * interval '1 day' END,"
    " password = CASE WHEN id %% 100 = 1 THEN 'pbkdf2_sha256$1$x$x' ELSE password END WHERE role = 'member'",
    "INSERT INTO identity_ssoidentity (identity_provider_id, subject, user_id, last_login_at, created_at)"
    " SELECT identity_provider_id, 'subject-' || user_id, user_id, now(), now() FROM identity_ssouser"
    " WHERE user_id %% 2 = 0",
    "INSERT INTO identity_ssoconnection (identity_provider_id, protocol, slug, is_enabled, issuer, client_id,"
    " client_secret, entity_id, sso_url, certificate, subject_claim, user_name_claim, matches_by_user_name,"
    " groups_claim, creates_users, allowed_domains, allowed_tenant, created_at) SELECT {idp}, 'oidc', 'bench', true,"
    " 'https://idp.example.test', 'gatehouse', '', '', '', '', 'sub', '', false, '', false, '', '', now()",
    # groups of both sides, half of them mapped; everybody is in one of each
    "INSERT INTO identity_group (name, name_key, description, created_at)"
    " SELECT 'Group ' || lpad(n::text, 4, '0'), 'group ' || lpad(n::text, 4, '0'), '', now()"
    " FROM generate_series(1, {groups}) n",
    "INSERT INTO identity_ssogroup (scim_id, identity_provider_id, display_name, display_name_key, external_id,"
    " created_at, modified_at, version) SELECT md5('sso' || n)::uuid, {idp}, 'SSO ' || lpad(n::text, 4, '0'),"
    " 'sso ' || lpad(n::text, 4, '0'), NULL, now(), now(), 1 FROM generate_series(1, {groups}) n",
    "INSERT INTO identity_ssomembership (sso_group_id, sso_user_id)"
    " SELECT (SELECT min(id) FROM identity_ssogroup) + id %% {groups}, id FROM identity_ssouser",
    "INSERT INTO identity_membership (group_id, user_id, created_at)"
    " SELECT (SELECT min(id) FROM identity_group) + id %% {groups}, user_id, now() FROM identity_ssouser",
    "INSERT INTO identity_groupmapping (sso_group_id, group_id, created_at)"
    " SELECT s.id, g.id, now() FROM identity_ssogroup s JOIN identity_group g"
    " ON g.id - (SELECT min(id) FROM identity_group) = s.id - (SELECT min(id) FROM identity_ssogroup)"
    " WHERE g.id %% {groups} < {mapped}",
    # the two logs, half of the rows each
    "INSERT INTO identity_provisioninglog (at, identity_provider_id, token_label, request_id, address, method,"
    " resource_type, resource_id, user_id, subject_key, outcome, status, code, summary, details, duration_ms)"
    " SELECT now() - ({log} - n) * interval '{days} days' / {log}, {idp}, 'production', md5(n::text), '10.0.0.1',"
    " 'PATCH', 'User', md5('user' || n %% {users}), CASE WHEN n %% 50 = 0 THEN NULL ELSE u.id END, u.username_key,"
    " CASE WHEN n %% 50 = 0 THEN 'refused' WHEN n %% 20 = 0 THEN 'partly' ELSE 'applied' END, 200, '',"
    " 'Updated ' || u.username || '.', '{{}}', 4 FROM generate_series(1, {log}) n"
    " JOIN identity_user u ON u.id = (SELECT min(user_id) FROM identity_ssouser) + n %% {users} - 1",
    "INSERT INTO identity_auditevent (at, action, actor_kind, actor_id, actor_label, request_id,"
    " identity_provider_id, user_id, group_id, sso_group_id, details)"
    " SELECT now() - ({log} - n) * interval '{days} days' / {log},"
    " CASE WHEN n %% 100 = 0 THEN 'membership.added' ELSE 'user.updated' END,"
    " CASE WHEN n %% 100 = 0 THEN 'user' ELSE 'scim_token' END,"
    " CASE WHEN n %% 100 = 0 THEN (SELECT id FROM identity_user WHERE username = 'olga') ELSE 1 END, 'production',"
    " md5(n::text), CASE WHEN n %% 100 = 0 THEN NULL ELSE {idp} END,"
    " (SELECT min(user_id) FROM identity_ssouser) + n %% {users},"
    " CASE WHEN n %% 100 = 0 THEN (SELECT min(id) FROM identity_group) + n / 100 %% {groups} END, NULL, '{{}}'"
    " FROM generate_series(1, {log}) n",
    "INSERT INTO identity_auditpersonaldata (event_id, user_id, values)"
    ' SELECT id, user_id, \'{{"first_name": {{"from": "Ava", "to": "Eva"}}}}\' FROM identity_auditevent'
    " WHERE user_id IS NOT NULL AND action = 'user.updated'",
    # the rest, in modest numbers
    "INSERT INTO identity_asset (name, name_key, kind, link, created_at)"
    " SELECT 'Asset ' || n, 'asset ' || n, 'repository', '', now() FROM generate_series(1, {groups}) n",
    "INSERT INTO identity_assetowner (asset_id, user_id, since)"
    " SELECT id, (SELECT min(user_id) FROM identity_ssouser) + id, now() FROM identity_asset",
    "INSERT INTO identity_bulkrun (kind, values, created_at, is_draft) VALUES ('enable', '{{}}', now(), false)",
    "INSERT INTO identity_bulkrow (run_id, position, user_id, subject_key, values, outcome, sentence)"
    " SELECT (SELECT id FROM identity_bulkrun), n, (SELECT min(user_id) FROM identity_ssouser) + n, 'x', '{{}}',"
    " CASE WHEN n %% 9 = 0 THEN 'refused' ELSE 'done' END, 'Enabled.' FROM generate_series(1, 10000) n",
)


@dataclass(frozen=True, slots=True)
class Company:
    """Its database, and ids in the middle of what grows, for the addresses of pages."""

    address: str
    user: int
    group: int
    sso_group: int
    mapping: int
    provider: int
    log: int
    event: int
    asset: int
    run: int
    disabled: int


def company(users: int, log_rows: int) -> Company:
    """That many people, 1,000 groups of each side, that many rows in the two logs together, and sue of support."""
    name = f"company_{users}"
    databases.people(users)
    address = databases.copy(f"people_{users}", name)
    sue = ("--username", "sue", "--email", "sue@example.test", "--password", "correct horse battery staple")
    databases.manage("create_owner", *sue, DATABASE_URL=address)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE identity_user SET role = 'support', is_break_glass = false WHERE username = 'sue'")
        connection.execute("SET session_replication_role = replica")
        idp = _one(connection, "SELECT min(id) FROM identity_identityprovider")
        facts = {"users": users, "groups": GROUPS, "mapped": MAPPED, "log": log_rows // 2, "days": DAYS, "idp": idp}
        for statement in STATEMENTS:
            connection.execute(statement.format(**facts).replace("%%", "%"))
        connection.execute("VACUUM ANALYZE")
        return Company(
            address,
            user=_one(connection, "SELECT min(user_id) + 5001 FROM identity_ssouser"),
            group=_one(connection, "SELECT min(group_id) FROM identity_groupmapping"),
            sso_group=_one(connection, "SELECT min(sso_group_id) FROM identity_groupmapping"),
            mapping=_one(connection, "SELECT min(id) FROM identity_groupmapping"),
            provider=idp,
            log=_one(connection, "SELECT max(id) / 2 FROM identity_provisioninglog"),
            event=_one(connection, "SELECT max(id) / 2 FROM identity_auditevent"),
            asset=_one(connection, "SELECT max(id) FROM identity_asset"),
            run=_one(connection, "SELECT id FROM identity_bulkrun"),
            disabled=_one(connection, "SELECT max(id) FROM identity_user WHERE status = 'disabled'"),
        )


def _one(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
