"""The portal's commands, and what each is called with where a test calls all of them."""

from django.core.management import get_commands, load_command_class

from portal.management.operator_command import ListCommand

# Each changing command with arguments that succeed in the company of `test_every_command.py`.
ACTS: dict[str, tuple[str, ...]] = {
    "add_members": ("Crafts", "mia", "noa"),
    "create_api_token": ("olga", "--scope", "read"),
    "create_asset": ("Billing dashboard", "--owner", "ada"),
    "continue_bulk_run": ("RUN",),
    "create_bulk_run": ("disable", "mia", "noa"),
    "create_group": ("Painters",),
    "create_identity_provider": ("Entra ID", "--kind", "entra"),
    "create_mapping": ("Design", "Crafts"),
    "create_owner": ("--username", "olaf", "--email", "", "--password", "correct horse battery staple"),
    "create_scim_token": ("--idp", "Okta"),
    "create_notification_rule": ("On call", "--kind", "silent", "--address", "oncall@example.test", "--quiet", "22-6"),
    "edit_notification_rule": ("RULE", "--enabled", "off"),
    "delete_notification_rule": ("RULE",),
    "test_notification_rule": ("RULE",),
    "set_notifications": ("mia", "--not", "drift"),
    "create_webhook": ("Tickets", "https://tickets.example.com/hook", "--event", "user"),
    "edit_webhook": ("SIEM", "--event", "user"),
    "test_webhook": ("SIEM",),
    "enable_webhook": ("Old SIEM",),
    "disable_webhook": ("SIEM",),
    "rotate_webhook_secret": ("SIEM",),
    "delete_webhook": ("SIEM",),
    "redeliver_webhook": ("DELIVERY",),
    "create_scim_trust": ("Okta", "--key-set-url", "https://issuer.example/keys"),
    "create_sso_connection": (
        "Okta",
        "oidc",
        "--issuer",
        "https://example.okta.com",
        "--client-id",
        "0oa",
        "--client-secret",
        "hidden",
    ),
    "declare_sso_group": ("Sales", "--idp", "Okta"),
    "delete_asset": ("Wiki",),
    "delete_group": ("Builders",),
    "delete_identity_provider": ("Okta",),
    "delete_mapping": ("Engineering", "Builders"),
    "delete_scim_trust": ("TRUST",),
    "delete_sso_connection": ("CONNECTION",),
    "delete_user": ("gone", "--as", "sue", "--reason", "left in May"),
    "discard_bulk_run": ("RUN",),
    "disable_sso_connection": ("CONNECTION",),
    "disable_user": ("mia",),
    "dismiss_conflict": ("CONFLICT",),
    "edit_asset": ("Wiki", "--kind", "site"),
    "edit_group": ("Crafts", "--name", "Arts"),
    "edit_identity_provider": ("Okta", "--ask-first", "on"),
    "edit_scim_token": ("TOKEN", "--networks", "192.0.2.0/24"),
    "edit_scim_trust": ("TRUST", "--subject", "other"),
    "edit_sso_connection": ("CONNECTION", "--groups-claim", "roles"),
    "edit_user": ("mia", "--first-name", "Mia", "--email", "mia@elsewhere.test"),
    "enable_sso_connection": ("UNUSED",),
    "enable_user": ("gone",),
    "end_session": ("mia", "SESSION"),
    "end_sessions": ("mia",),
    "give_own_username": ("CONFLICT", "mia.new"),
    "invite_user": ("zoë", "--email", "zoe@example.test"),
    "link_conflict": ("CONFLICT",),
    "move_conflict": ("MOVE",),
    "reconcile": ("--idp", "Okta"),
    "remove_asset_owner": ("Shared", "mia"),
    "remove_members": ("Crafts", "lea"),
    "resend_invitation": ("ines",),
    "reseal_secrets": (),
    "reset_second_factor": ("mia",),
    "restore_run": ("Okta", "WRITE"),
    "revoke_api_token": ("API_TOKEN",),
    "revoke_invitation": ("ines",),
    "decide_turned_away": ("forget", "--idp", "Okta"),
    "set_brake": ("--idp", "Okta", "--people", "50"),
    "release_brake": ("Okta", "--people", "50", "--hours", "2"),
    "pause_identity_provider": ("Okta",),
    "resume_identity_provider": ("Google",),
    "revoke_scim_token": ("TOKEN",),
    "set_break_glass": ("olga", "on"),
    "set_mode": ("--scim", "off"),
    "set_retention": ("provisioning_log", "90"),
    "set_role": ("mia", "support"),
    "transfer_asset": ("Wiki", "--from", "mia", "--to", "lea"),
    "watch_identity_provider": ("Okta",),
    "withdraw_sso_group": ("Announced",),
}

# Lists of something that is named.
OF: dict[str, tuple[str, ...]] = {
    "list_bulk_rows": ("RUN",),
    "preview_mapping": ("Design", "Crafts"),
    "list_members": ("Crafts",),
    "list_moves": ("EVENT",),
    "list_received_requests": ("Google",),
    "list_runs": ("Okta",),
    "list_scheduled_runs": ("headcount",),
    "list_sessions": ("mia",),
    "list_unknown_attributes": ("Google",),
}

NEVER_EMPTY = {"list_attention", "list_headcounts", "list_retention", "list_scheduled_jobs"}

# Told apart: they have tests of their own, since they need a file or an empty portal.
ELSEWHERE = {"import_users", "replay"}


def commands_of(kind: type) -> list[str]:
    names = [name for name, app in get_commands().items() if app == "portal"]
    return sorted(name for name in names if isinstance(load_command_class("portal", name), kind))


LISTS = [name for name in commands_of(ListCommand) if name != "mismatch_report"]
