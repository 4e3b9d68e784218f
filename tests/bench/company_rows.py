"""The rows of a large company, set-based: skewed as real ones are, and as nasty as they can get.

Nearly everybody is of one identity provider, and a thousand are of another, that of a company that was bought.
Everybody is in the group of everybody, in one of ten divisions and in one small group. One person is in every
twenty-fifth row of the logs. One surname is common, one is rare and at the end of the alphabet, and everybody has the
same first name.

`{first}` is the first provisioned person's id, `{busy}` that of the one who is everywhere, `{gone}` that of a disabled
one who owns two thousand assets alone.
"""

from __future__ import annotations

DIVISIONS = 10
OTHER_PROVIDERS = 20
INVITED = 20_000
CONTRACTORS = 5_000
GROUPS_OF_THE_BUSY = 300
RARE = 30  # people of the rare surname

PROVIDERS = (
    "INSERT INTO identity_identityprovider (name, name_key, kind, asks_before_adopting, created_at)"
    f" SELECT 'Bought ' || n, 'bought ' || n, 'okta', false, now() FROM generate_series(1, {OTHER_PROVIDERS}) n"
)

PEOPLE = (
    # some disabled, some never here, some with a password of before, two surnames, a bought company
    "UPDATE identity_user SET status = CASE WHEN id % 100 = 0 THEN 'disabled' ELSE status END,"
    " last_active = CASE WHEN id % 10 = 0 THEN NULL ELSE now() - (id % 50) * interval '1 day' END,"
    " password = CASE WHEN id % 100 = 1 THEN 'pbkdf2_sha256$1$x$x' ELSE password END,"
    " last_name = CASE WHEN id >= {first} + {users} - {rare} THEN 'Zamora' WHEN id % 50 = 0 THEN 'Smith'"
    " ELSE last_name END,"
    " managed_by_id = CASE WHEN id % 1000 = 7 THEN {other} ELSE managed_by_id END WHERE id >= {first}",
    "UPDATE identity_ssouser SET identity_provider_id = {other} WHERE user_id % 1000 = 7",
    "UPDATE identity_ssouser SET active = false WHERE user_id % 100 = 0",
    "INSERT INTO identity_ssoidentity (identity_provider_id, subject, user_id, last_login_at, created_at)"
    " SELECT identity_provider_id, 'subject-' || user_id, user_id, now(), now() FROM identity_ssouser"
    " WHERE user_id % 2 = 0",
    "INSERT INTO identity_ssoconnection (identity_provider_id, protocol, slug, is_enabled, issuer, client_id,"
    " client_secret, entity_id, sso_url, certificate, subject_claim, user_name_claim, matches_by_user_name,"
    " groups_claim, creates_users, allowed_domains, allowed_tenant, created_at) SELECT {idp}, 'oidc', 'bench', true,"
    " 'https://idp.example.test', 'gatehouse', '', '', '', '', 'sub', '', false, '', false, '', '', now()",
    "INSERT INTO identity_user (password, username, username_key, email, email_key, first_name, last_name, status,"
    " role, is_break_glass, credential_epoch, password_epoch, created_at) SELECT"
    " CASE WHEN n > {invited} THEN 'pbkdf2_sha256$1$x$x' ELSE '' END, 'guest' || n, 'guest' || n,"
    " 'guest' || n || '@out.example', 'guest' || n || '@out.example', 'Ava', 'Guest ' || n,"
    " CASE WHEN n > {invited} THEN 'enabled' ELSE 'invited' END,"
    " CASE WHEN n > {invited} + 60 OR n <= {invited} THEN 'member' WHEN n % 6 = 0 THEN 'support'"
    " ELSE 'administrator' END, false, 0, 0, now() FROM generate_series(1, {invited} + {contractors}) n",
    "INSERT INTO identity_invitation (user_id, digest, email, invited_by_id, created_at, expires_at)"
    " SELECT id, md5(username), email, (SELECT id FROM identity_user WHERE username = 'olga'),"
    " now() - (id % 100) * interval '1 hour', now() + ((id % 100) - 50) * interval '1 hour'"
    " FROM identity_user WHERE status = 'invited'",
    "INSERT INTO identity_retiredresource (scim_id, identity_provider_id, resource_type, user_id, user_name_key,"
    " email_key, external_id, retired_at) SELECT md5('gone' || n)::uuid, {idp}, 'User', {first} + n * 9, 'gone' || n,"
    " '', NULL, now() FROM generate_series(1, {users} / 10) n",
)

# Groups of both sides, half of them mapped, among them five divisions and everybody.
GROUPS = (
    "CREATE TEMPORARY TABLE named AS SELECT n, CASE WHEN n = {groups} THEN 'Everybody'"
    " WHEN n >= {groups} - {divisions} THEN 'Division ' || n - {groups} + {divisions} + 1"
    " ELSE 'Group ' || lpad(n::text, 4, '0') END AS name FROM generate_series(1, {groups}) n",
    "INSERT INTO identity_group (name, name_key, description, created_at)"
    " SELECT name, lower(name), '', now() FROM named ORDER BY n",
    "INSERT INTO identity_ssogroup (scim_id, identity_provider_id, display_name, display_name_key, external_id,"
    " created_at, modified_at, version, pushed_at) SELECT md5('sso' || n)::uuid, {idp}, 'SSO ' || name,"
    " 'sso ' || lower(name), NULL, now(), now() - n * interval '1 minute', 1, now() FROM named ORDER BY n",
    "INSERT INTO identity_ssogroup (scim_id, identity_provider_id, display_name, display_name_key, external_id,"
    " created_at, modified_at, version) SELECT md5('declared')::uuid, {other}, 'Declared', 'declared', NULL, now(),"
    " now(), 1",
    "CREATE TEMPORARY TABLE placed AS SELECT id, user_id, unnest(ARRAY[id % ({groups} - {divisions} - 1),"
    " {groups} - {divisions} - 1 + id % {divisions}, {groups} - 1]) AS place FROM identity_ssouser",
    "INSERT INTO placed SELECT id, user_id, n FROM identity_ssouser, generate_series(1, {often}) n"
    " WHERE user_id = {busy} AND n <> id % ({groups} - {divisions} - 1)",
    "INSERT INTO identity_ssomembership (sso_group_id, sso_user_id)"
    " SELECT (SELECT min(id) FROM identity_ssogroup) + place, id FROM placed",
    "INSERT INTO identity_membership (group_id, user_id, created_at)"
    " SELECT (SELECT min(id) FROM identity_group) + place, user_id, now() FROM placed",
    "INSERT INTO identity_groupmapping (sso_group_id, group_id, created_at)"
    " SELECT s.id, g.id, now() FROM identity_ssogroup s JOIN identity_group g"
    " ON g.id - (SELECT min(id) FROM identity_group) = s.id - (SELECT min(id) FROM identity_ssogroup)"
    " JOIN named ON named.name = g.name WHERE n <= {groups} / 2 OR n = {groups}"
    " OR n BETWEEN {groups} - {divisions} AND {groups} - {divisions} / 2 - 1 ORDER BY n",
)

# The two logs, half of the rows each; what the other provider sent was never refused.
LOGS = (
    "INSERT INTO identity_provisioninglog (at, identity_provider_id, token_label, request_id, address, method,"
    " resource_type, resource_id, user_id, subject_key, outcome, status, code, what, params, text,"
    " details, duration_ms)"
    " SELECT now() - ({log} - n) * interval '{days} days' / {log},"
    " CASE WHEN n % 1000 = 7 THEN {other} ELSE {idp} END, 'production', md5(n::text), '10.0.0.1',"
    " 'PATCH', 'User', md5('user' || u.id), CASE WHEN n % 50 = 0 THEN NULL ELSE u.id END, u.username_key,"
    " CASE WHEN n % 50 = 0 THEN 'refused' WHEN n % 20 = 0 THEN 'partly' ELSE 'applied' END, 200, '',"
    " 'updated', jsonb_build_object('name', u.username), '', '{{}}', 4 FROM generate_series(1, {log}) n"
    " JOIN identity_user u ON u.id = CASE WHEN n % 25 = 1 THEN {busy} ELSE {first} + n % {users} END ORDER BY n",
    "INSERT INTO identity_auditevent (at, action, actor_kind, actor_id, actor_label, request_id,"
    " identity_provider_id, user_id, group_id, sso_group_id, details)"
    " SELECT now() - ({log} - n) * interval '{days} days' / {log},"
    " CASE WHEN n % 100 = 0 THEN 'membership.added' WHEN n % 20 = 3 THEN 'user.login'"
    " WHEN n % 1000 = 999 THEN 'sso_group.updated' ELSE 'user.updated' END,"
    " CASE WHEN n % 100 = 0 OR n % 20 = 3 THEN 'user' ELSE 'scim_token' END,"
    " CASE WHEN n % 100 = 0 THEN (SELECT id FROM identity_user WHERE username = 'olga')"
    " WHEN n % 20 = 3 THEN {first} + n % {users} ELSE 1 END, '', md5(n::text),"
    " CASE WHEN n % 100 = 0 OR n % 20 = 3 THEN NULL WHEN n % 1000 = 7 THEN {other} ELSE {idp} END,"
    " CASE WHEN n % 1000 = 999 THEN NULL WHEN n % 25 = 1 THEN {busy} ELSE {first} + n % {users} END,"
    " CASE WHEN n % 100 = 0 THEN (SELECT min(id) FROM identity_group) + n / 100 % {groups} END,"
    " CASE WHEN n % 1000 = 999 THEN (SELECT min(id) FROM identity_ssogroup) + n / 1000 % {groups} END, '{{}}'"
    " FROM generate_series(1, {log}) n",
    "INSERT INTO identity_auditpersonaldata (event_id, user_id, values)"
    ' SELECT id, user_id, \'{{"first_name": {{"from": "Ava", "to": "Eva"}}}}\' FROM identity_auditevent'
    " WHERE user_id IS NOT NULL AND action = 'user.updated'",
    # one event that moved a whole division, the request behind it, and the many moves of one person
    "INSERT INTO identity_membershipchange (event_id, user_id, group_id, joined)"
    " SELECT (SELECT max(id) FROM identity_auditevent), user_id, group_id, true FROM identity_membership"
    " WHERE group_id = (SELECT max(id) - 1 FROM identity_group)",
    "UPDATE identity_provisioninglog SET details = jsonb_build_object('event', (SELECT max(id)"
    " FROM identity_auditevent)) WHERE id = (SELECT max(id) FROM identity_provisioninglog)",
    "INSERT INTO identity_membershipchange (event_id, user_id, group_id, joined)"
    " SELECT id, {busy}, (SELECT min(id) FROM identity_group) + id % {groups}, id % 2 = 0 FROM identity_auditevent"
    " WHERE action = 'sso_group.updated'",
)

THE_REST = (
    "INSERT INTO identity_turnedaway (identity_provider_id, resource_type, key, name, status_wish, reason, state)"
    " SELECT {idp}, 'User', 'name newcomer' || n, 'newcomer' || n, 'create', 'paused', CASE WHEN n % 2 = 0 THEN 'open'"
    " ELSE 'heard' END FROM generate_series(1, 10000) n",
    "INSERT INTO identity_conflict (identity_provider_id, user_id, reason, state, user_name, user_name_key, email,"
    " email_key, external_id, first_name, last_name, tries, first_seen_at, last_seen_at) SELECT {idp}, {first} + n,"
    " CASE WHEN n % 3 = 0 THEN 'other_username' ELSE 'other_email' END, CASE WHEN n % 2 = 0 THEN 'open'"
    " WHEN n % 100 = 1 THEN 'approved' WHEN n % 3 = 0 THEN 'dismissed' ELSE 'resolved' END, 'double' || n,"
    " 'double' || n, '', '', '', 'Ava', 'Double', n % 977, now() - n * interval '1 minute',"
    " now() - (n * 7919 % 50000) * interval '1 minute' FROM generate_series(1, 50000) n",
    "INSERT INTO identity_asset (name, name_key, kind, link, created_at) SELECT 'Asset ' || n, 'asset ' || n,"
    " 'repository', '', now() - n * interval '1 minute' FROM generate_series(1, 20000) n",
    # a tenth of them of the disabled, one in ten of nobody, and two thousand of one disabled person alone
    "INSERT INTO identity_assetowner (asset_id, user_id, since) SELECT id, CASE WHEN id % 10 = 1 THEN {gone}"
    " ELSE {first} + id END, now() FROM identity_asset WHERE id % 10 <> 2",
    "INSERT INTO identity_assetowner (asset_id, user_id, since) SELECT id, {busy}, now() FROM identity_asset"
    " WHERE id % 10 > 4 AND {first} + id <> {busy}",
    "INSERT INTO identity_bulkrun (kind, values, created_at, is_draft, started_by_id) SELECT 'enable', '{{}}', now(),"
    " n = 60, (SELECT id FROM identity_user WHERE username = 'olga') FROM generate_series(1, 60) n",
    "INSERT INTO identity_bulkrow (run_id, position, user_id, subject_key, email_key, values, outcome, told, text)"
    " SELECT r.id, n, {first} + n, 'x', '', '{{}}', CASE WHEN n % 9 = 0 THEN 'refused' WHEN n > 9900 THEN 'pending'"
    " ELSE 'done' END, '{{}}', '' FROM identity_bulkrun r, generate_series(1, 10000) n"
    " WHERE r.id % 10 = 1 OR n <= 2000",
    "INSERT INTO identity_deletionrecord (user_id, scim_ids, username_digest, email_digest, deleted_by_id, deleted_at,"
    " reason) SELECT n, '[]', md5('user' || n), '', (SELECT id FROM identity_user WHERE username = 'sue'), now(),"
    " 'Asked' FROM generate_series(1, 50000) n",
    "INSERT INTO identity_apitoken (user_id, label, digest, hint, scopes, created_at, last_used_from,"
    ' "window", requests)'
    " SELECT {first} + n, 'script ' || n, md5('api' || n), 'x' || n, '[]', now(), '', 0, 0"
    " FROM generate_series(1, 5000) n",
    "INSERT INTO identity_scimtoken (identity_provider_id, label, digest, hint, created_at, last_used_at,"
    " last_used_from) SELECT {idp}, 'token ' || n, md5('scim' || n), 'x' || n, now(), now(), ''"
    " FROM generate_series(1, 40) n",
    "INSERT INTO identity_scimtrust (identity_provider_id, client_id, label, key_set_url)"
    " SELECT {idp}, 'client ' || n, 'trust ' || n, 'https://issuer.example/keys' FROM generate_series(1, 40) n",
    "INSERT INTO identity_providercontact (identity_provider_id, hour) SELECT p.id,"
    " extract(epoch FROM now())::int / 3600 - n FROM identity_identityprovider p, generate_series(1, {days} * 24) n",
    "INSERT INTO identity_headcount (day, invited, enabled, disabled) SELECT current_date - n, {invited},"
    " {users} - n * 100, 9000 FROM generate_series(1, 365) n",
    "INSERT INTO usersessions_usersession (user_id, created_at, ip, last_seen_at, session_key, user_agent, data)"
    " SELECT CASE WHEN n <= 200 THEN {busy} ELSE {first} + n END, now(), '10.0.0.1', now(), md5('session' || n),"
    " 'Firefox', '{{}}' FROM generate_series(1, 100000) n",
    "INSERT INTO django_session (session_key, session_data, expire_date)"
    " SELECT session_key, '{session}', now() + interval '1 day' FROM usersessions_usersession",
    "INSERT INTO identity_alarm (kind, subject, label, raised_at, resolved_at) SELECT 'silent', 'provider:' || n,"
    " 'Okta', now(), now() FROM generate_series(1, 5000) n",
    "INSERT INTO identity_notificationrule (label) VALUES ('On call')",
    "INSERT INTO identity_webhook (label, label_key, url, secret) VALUES ('SIEM', 'siem',"
    " 'https://siem.example.com/', '')",
    "INSERT INTO identity_webhookdelivery (webhook_id, event_id, uid, kind, state) SELECT max(w.id), n, n::text,"
    " 'user.updated', CASE WHEN n % 1000 = 0 THEN 'waiting' ELSE 'delivered' END FROM identity_webhook w,"
    " generate_series(1, 500000) n GROUP BY n",
    "INSERT INTO identity_scheduledjob (name, due_at) VALUES ('headcount', now() + interval '1 day')",
)

STATEMENTS = (*PEOPLE, *GROUPS, *LOGS, *THE_REST)
