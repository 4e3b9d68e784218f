"""The database gives by itself what has a default: hosts of other releases need not know the column."""

from django.db import migrations
from django.db.models.functions import Now

from identity.db.defaults import EMPTY_LIST, EMPTY_OBJECT, NewUUID
from identity.db.migrating import SetDefaults, TriggersOnSQLite


class Migration(migrations.Migration):
    atomic = False  # each table by itself

    dependencies = [("identity", "0039_passkeys")]

    operations = [
        SetDefaults("AccessSettings", {"scim_enabled": True, "sso_enforced": False}),
        SetDefaults("APIToken", {"created_at": Now(), "last_used_from": "", "window": 0, "requests": 0}),
        SetDefaults("Asset", {"kind": "", "link": "", "created_at": Now()}),
        SetDefaults("AssetOwner", {"since": Now()}),
        SetDefaults("BulkRun", {"values": EMPTY_OBJECT, "created_at": Now(), "is_draft": False}),
        SetDefaults("BulkRow", {"email_key": "", "values": EMPTY_OBJECT, "outcome": "pending", "text": ""}),
        SetDefaults(
            "Conflict",
            {
                "state": "open",
                "email": "",
                "email_key": "",
                "external_id": "",
                "first_name": "",
                "last_name": "",
                "tries": 1,
                "first_seen_at": Now(),
                "last_seen_at": Now(),
            },
        ),
        SetDefaults("Group", {"description": "", "created_at": Now()}),
        SetDefaults("Membership", {"created_at": Now()}),
        SetDefaults(
            "User",
            {
                "first_name": "",
                "last_name": "",
                "status": "enabled",
                "role": "member",
                "is_break_glass": False,
                "credential_epoch": 0,
                "password_epoch": 0,
                "created_at": Now(),
            },
        ),
        SetDefaults("IdempotentRequest", {"answer": "", "begun_at": Now()}),
        SetDefaults("IdentityProvider", {"kind": "other", "asks_before_adopting": False, "created_at": Now()}),
        SetDefaults("SCIMToken", {"created_at": Now(), "last_used_from": ""}),
        SetDefaults("Invitation", {"created_at": Now(), "expires_at": Now()}),
        SetDefaults("GroupMapping", {"created_at": Now()}),
        SetDefaults(
            "ReceivedRequest", {"at": Now(), "request_id": "", "token_label": "", "address": "", "duration_ms": 0}
        ),
        SetDefaults("SecondFactor", {"last_step": 0, "created_at": Now()}),
        SetDefaults("Passkey", {"sign_count": 0, "is_synced": False, "transports": EMPTY_LIST, "created_at": Now()}),
        SetDefaults(
            "SSOUser",
            {
                "version": 1,
                "created_at": Now(),
                "modified_at": Now(),
                "scim_id": NewUUID(),
                "active": True,
                "overruled": False,
                "attributes": EMPTY_OBJECT,
                "keys": EMPTY_OBJECT,
            },
        ),
        SetDefaults("SSOUserValue", {"key": ""}),
        SetDefaults("SSOGroup", {"version": 1, "created_at": Now(), "modified_at": Now(), "scim_id": NewUUID()}),
        SetDefaults("SSOIdentity", {"created_at": Now()}),
        SetDefaults("RetiredResource", {"user_name_key": "", "email_key": "", "retired_at": Now()}),
        SetDefaults(
            "SSOConnection",
            {
                "is_enabled": False,
                "issuer": "",
                "client_id": "",
                "client_secret": "",
                "entity_id": "",
                "sso_url": "",
                "certificate": "",
                "matches_by_user_name": False,
                "groups_claim": "",
                "creates_users": False,
                "allowed_domains": "",
                "allowed_tenant": "",
                "created_at": Now(),
            },
        ),
        SetDefaults("AuditEvent", {"at": Now(), "actor_label": "", "details": EMPTY_OBJECT}),
        SetDefaults("AuditPersonalData", {"values": EMPTY_OBJECT}),
        SetDefaults("AuditOrigin", {"address": "", "network": "", "browser": "", "times": 1, "last_at": Now()}),
        SetDefaults(
            "ProvisioningLog",
            {
                "at": Now(),
                "token_label": "",
                "address": "",
                "resource_id": "",
                "subject_key": "",
                "code": "",
                "what": "",
                "params": EMPTY_OBJECT,
                "text": "",
                "details": EMPTY_OBJECT,
                "duration_ms": 0,
            },
        ),
        SetDefaults("DeletionRecord", {"scim_ids": EMPTY_LIST, "email_digest": "", "deleted_at": Now()}),
        TriggersOnSQLite(),
    ]
