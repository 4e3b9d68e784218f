"""What each page does, by REST and on the command line: the table behind "everything that the portal's pages can do".

`tests/portal/test_every_door.py` holds it against the pages, the operations and the commands that there are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doors:
    """The operations of the REST API and the commands that do what a page does; `why` there are none, if so."""

    rest: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    why: str = ""


def by(rest: str, commands: str) -> Doors:
    """Names with spaces between them."""
    return Doors(tuple(rest.split()), tuple(commands.split()))


def a_page(why: str) -> Doors:
    """What only a person at a browser can do, or what is a step on the way to something else."""
    return Doors(why=why)


AT_A_BROWSER = "it proves that the person is there: no token and no operator does that for them"
AN_ADDRESS = "it is where a link of a mail, or an identity provider, leads a browser"

# Pages of the admin UI that change something, or are polled, by the name of their address.
ACTIONS: dict[str, Doors] = {
    # people
    "user_invite": by("invite_user", "invite_user"),
    "user_edit_profile": by("edit_user", "edit_user"),
    "user_enable": by("enable_user", "enable_user"),
    "user_disable": by("disable_user", "disable_user"),
    "user_change_role": by("set_user_role", "set_role"),
    "user_mark_break_glass": by("set_user_break_glass", "set_break_glass"),
    "user_clear_break_glass": by("set_user_break_glass", "set_break_glass"),
    "user_end_sessions": by("end_user_sessions", "end_sessions"),
    "user_end_session": by("end_user_session", "end_session"),
    "user_add_to_groups": by("add_members", "add_members"),
    "user_remove_from_group": by("remove_member", "remove_members"),
    "user_resend_invitation": by("resend_invitation", "resend_invitation"),
    "user_revoke_invitation": by("revoke_invitation", "revoke_invitation"),
    "user_bulk_enable": by("create_bulk_run", "create_bulk_run"),
    "user_bulk_disable": by("create_bulk_run", "create_bulk_run"),
    "user_bulk_add_to_groups": by("create_bulk_run", "create_bulk_run"),
    "invitation_bulk_resend": by("create_bulk_run", "create_bulk_run"),
    "invitation_bulk_revoke": by("create_bulk_run", "create_bulk_run"),
    "invitation_import": by("create_bulk_run", "import_users"),
    "bulkrun_start": by("start_bulk_run", "continue_bulk_run"),
    "bulkrun_continue": by("continue_bulk_run", "continue_bulk_run"),
    "bulkrun_discard": by("discard_bulk_run", "discard_bulk_run"),
    # groups
    "group_add": by("create_group", "create_group"),
    "group_edit": by("edit_group", "edit_group"),
    "group_delete": by("delete_group", "delete_group"),
    "group_add_members": by("add_members", "add_members"),
    "group_remove_member": by("remove_members remove_member", "remove_members"),
    "group_map_from": by("list_sso_groups", "list_sso_groups"),
    "ssogroup_declare": by("declare_sso_group", "declare_sso_group"),
    "ssogroup_withdraw": by("withdraw_sso_group", "withdraw_sso_group"),
    "ssogroup_map": by("list_groups", "list_groups"),
    "ssogroup_apply_mapping": by("preview_mapping create_mapping", "create_mapping"),
    "ssogroup_apply_mapping_csv": by("list_previewed_users", "preview_mapping"),
    "groupmapping_unmap": by("preview_mapping_removal delete_mapping", "delete_mapping"),
    "groupmapping_reconcile": by("preview_reconciliation reconcile", "reconcile"),
    "user_reconcile": by("preview_reconciliation reconcile", "reconcile"),
    "identityprovider_reconcile": by("preview_reconciliation reconcile", "reconcile"),
    "groupmapping_unmap_csv": by("list_users_of_removal", "preview_mapping"),
    # identity providers
    "identityprovider_runs": by("list_runs", "list_runs"),
    "identityprovider_run": by("get_run", "show_run"),
    "identityprovider_restore_run": by("preview_restoring restore_run", "restore_run"),
    "identityprovider_add": by("create_identity_provider", "create_identity_provider"),
    "identityprovider_edit": by("edit_identity_provider", "edit_identity_provider"),
    "identityprovider_delete": by("delete_identity_provider", "delete_identity_provider"),
    "identityprovider_create_token": by("create_scim_token", "create_scim_token"),
    "turnedaway_decide": by("decide_turned_away", "decide_turned_away"),
    "identityprovider_decide_turned_away": by("decide_all_turned_away", "decide_turned_away"),
    "identityprovider_brake": by("edit_brake", "set_brake"),
    "identityprovider_release_brake": by("release_brake", "release_brake"),
    "identityprovider_pause": by("pause_identity_provider", "pause_identity_provider"),
    "identityprovider_resume": by("resume_identity_provider", "resume_identity_provider"),
    "identityprovider_connect_oidc": by("create_sso_connection", "create_sso_connection"),
    "identityprovider_connect_saml": by("create_sso_connection", "create_sso_connection"),
    "identityprovider_set_up": a_page("it is a guide to read; docs/connect-….md is the same text"),
    "identityprovider_try": by("try_scim_request", "try_scim_request"),
    "identityprovider_self_test": by("self_test_identity_provider", "self_test_identity_provider"),
    "identityprovider_watch": by("watch_identity_provider", "watch_identity_provider"),
    "identityprovider_create_trust": by("create_scim_trust", "create_scim_trust"),
    "scimtoken_edit": by("edit_scim_token", "edit_scim_token"),
    "scimtrust_edit": by("edit_scim_trust", "edit_scim_trust"),
    "scimtrust_check": by("check_scim_trust", "check_scim_trust"),
    "scimtrust_delete": by("delete_scim_trust", "delete_scim_trust"),
    "scimtoken_revoke": by("revoke_scim_token", "revoke_scim_token"),
    "ssoconnection_edit": by("edit_sso_connection", "edit_sso_connection"),
    "ssoconnection_enable": by("enable_sso_connection", "enable_sso_connection"),
    "ssoconnection_disable": by("disable_sso_connection", "disable_sso_connection"),
    "ssoconnection_delete": by("delete_sso_connection", "delete_sso_connection"),
    "conflict_link": by("link_conflict", "link_conflict"),
    "conflict_move": by("move_conflict", "move_conflict"),
    "conflict_own_username": by("give_own_username", "give_own_username"),
    "conflict_dismiss": by("dismiss_conflict", "dismiss_conflict"),
    "conflict_mismatch_report": by("compare_user_names", "mismatch_report"),
    "conflict_mismatch_report_csv": by("compare_user_names", "mismatch_report"),
    # assets, access, support
    "asset_add": by("create_asset", "create_asset"),
    "asset_edit": by("edit_asset", "edit_asset"),
    "asset_delete": by("delete_asset", "delete_asset"),
    "asset_add_owner": by("add_asset_owner", "transfer_asset"),
    "asset_remove_owner": by("remove_asset_owner", "remove_asset_owner"),
    "asset_transfer": by("transfer_asset", "transfer_asset"),
    "asset_bulk_transfer": by("transfer_asset", "transfer_asset"),
    "accesssettings_retention": by("get_retention edit_retention", "list_retention set_retention"),
    "scheduledjob_run": by("run_scheduled_job", "run_scheduled_job"),
    "notificationrule_add": by("create_notification_rule", "create_notification_rule"),
    "notificationrule_edit": by("edit_notification_rule", "edit_notification_rule"),
    "notificationrule_test": by("test_notification_rule", "test_notification_rule"),
    "notificationrule_delete": by("delete_notification_rule", "delete_notification_rule"),
    "webhook_add": by("create_webhook", "create_webhook"),
    "webhook_edit": by("edit_webhook", "edit_webhook"),
    "webhook_test": by("test_webhook", "test_webhook"),
    "webhook_enable": by("enable_webhook", "enable_webhook"),
    "webhook_disable": by("disable_webhook", "disable_webhook"),
    "webhook_rotate_secret": by("rotate_webhook_secret", "rotate_webhook_secret"),
    "webhook_delete": by("delete_webhook", "delete_webhook"),
    "webhookdelivery_redeliver": by("redeliver_webhook", "redeliver_webhook"),
    "accesssettings_switch": by("edit_access_settings", "set_mode"),
    "apitoken_revoke": by("revoke_api_token", "revoke_api_token"),
    "disabled_users_delete": by("preview_deletion delete_user_permanently list_transferees", "delete_user"),
}

# Lists, with the file that each can be saved as; and what one row's page tells.
LISTS: dict[str, Doors] = {
    "user": by("list_users", "list_users export_users"),
    "invitation": by("list_invitations", "list_invitations"),
    "bulkrun": by("list_bulk_runs", "list_bulk_runs"),
    "group": by("list_groups", "list_groups"),
    "ssogroup": by("list_sso_groups", "list_sso_groups"),
    "groupmapping": by("list_mappings", "list_mappings"),
    "ssouser": by("list_sso_users", "list_sso_users"),
    "identityprovider": by("list_identity_providers", "list_identity_providers"),
    "scimtoken": by("list_scim_tokens", "list_scim_tokens"),
    "scimtrust": by("list_scim_trusts", "list_scim_trusts"),
    "ssoconnection": by("list_sso_connections", "list_sso_connections"),
    "conflict": by("list_conflicts", "list_conflicts"),
    "turnedaway": by("list_turned_away", "list_turned_away"),
    "provisioninglog": by("list_provisioning_log", "list_provisioning_log"),
    "auditevent": by("list_audit_log", "export_audit_events"),
    "deletionrecord": by("list_deletions", "list_deletions"),
    "asset": by("list_assets", "list_assets"),
    "apitoken": by("list_api_tokens", "list_api_tokens"),
    "scheduledjob": by("list_scheduled_jobs", "list_scheduled_jobs"),
    "webhook": by("list_webhooks", "list_webhooks"),
    "alarm": by("list_alarms", "list_alarms"),
    "notificationrule": by("list_notification_rules", "list_notification_rules"),
    "webhookdelivery": by("list_webhook_deliveries", "list_webhook_deliveries"),
    "disabled_users": by("list_disabled_users", "list_users"),
}
ROWS: dict[str, Doors] = {
    "user": by("get_user list_user_groups get_user_differences", "show_user"),
    "bulkrun": by("get_bulk_run list_bulk_rows", "list_bulk_rows"),
    "group": by("get_group list_members list_completeness", "list_members list_completeness"),
    "ssogroup": by("get_sso_group list_sso_members list_completeness", "list_sso_groups list_completeness"),
    "groupmapping": by("get_mapping", "list_mappings"),
    "ssouser": by("get_sso_user get_user_differences", "show_sso_user"),
    "identityprovider": by(
        "get_identity_provider get_identity_provider_activity get_brake list_unknown_attributes",
        "show_identity_provider list_unknown_attributes",
    ),
    "scimtoken": by("get_scim_token", "list_scim_tokens"),
    "scimtrust": by("get_scim_trust", "list_scim_trusts"),
    "ssoconnection": by("get_sso_connection", "list_sso_connections"),
    "conflict": by("get_conflict", "show_conflict"),
    "turnedaway": by("get_turned_away", "show_turned_away"),
    "provisioninglog": by("get_provisioning_log_entry", "show_log_entry"),
    "auditevent": by("get_audit_event list_moves", "export_audit_events list_moves"),
    "asset": by("get_asset", "list_assets"),
    "apitoken": by("get_api_token", "list_api_tokens"),
    "webhook": by("get_webhook", "list_webhooks"),
    "alarm": by("get_alarm", "list_alarms"),
    "notificationrule": by("get_notification_rule", "list_notification_rules"),
    "webhookdelivery": by("get_webhook_delivery", "list_webhook_deliveries"),
    "scheduledjob": by("get_scheduled_job list_scheduled_runs", "list_scheduled_jobs list_scheduled_runs"),
}

# Everything else below /admin/.
OTHERS: dict[str, Doors] = {
    "index": by("get_attention get_headcounts", "list_attention list_headcounts"),
    "break_glass": by("list_users", "list_users"),
    "accesssettings_changelist": by("get_access_settings get_policy", "show_policy"),
    "accesssettings_people": by("preview_access_settings list_affected_users", "set_mode"),
    "accesssettings_people_csv": by("list_affected_users", "set_mode"),
    "accesssettings_groups": by("list_differing_groups", "set_mode"),
    "accesssettings_groups_csv": by("list_differing_groups", "set_mode"),
    "auditevent_export_jsonl": by("list_audit_log", "export_audit_events"),
    "auditevent_moved": by("list_moves", "list_moves"),
    "provisioninglog_export_jsonl": by("list_provisioning_log", "list_provisioning_log"),
    "bulkrun_results": by("list_bulk_rows", "list_bulk_rows"),
    "identityprovider_live": by("list_received_requests", "list_received_requests"),
    "ssoconnection_test_result": by("check_sso_connection", "check_sso_connection"),
    "user_why": by("get_user_trail list_user_sessions", "show_user list_sessions"),
    "search": a_page("it leads to other pages"),
    "autocomplete": a_page("it completes what is typed in a form"),
    "jsi18n": a_page("it is Django's own, for scripts of forms"),
    "view_on_site": a_page("it is Django's own, and leads nowhere"),
    "login": a_page(AT_A_BROWSER),
    "logout": a_page(AT_A_BROWSER),
    "password_change": a_page(AT_A_BROWSER),
    "password_change_done": a_page(AT_A_BROWSER),
}

# People's own pages.
OWN: dict[str, Doors] = {
    "home": a_page("it leads to other pages"),
    "profile": by("get_me", "show_user"),
    "end_session": by("list_own_sessions end_own_session", "list_sessions end_session"),
    "end_other_sessions": by("end_own_other_sessions", "end_sessions"),
    "own_tokens": by("list_api_tokens", "list_api_tokens"),
    "create_own_token": by("create_api_token", "create_api_token"),
    "own_notifications": by("get_own_notifications set_own_notifications", "set_notifications"),
    "revoke_own_token": by("revoke_api_token", "revoke_api_token"),
    "second_factor_remove": by("remove_own_second_step", "reset_second_factor"),
    **dict.fromkeys(("login", "logout", "confirm_password", "password_change", "second_factor"), a_page(AT_A_BROWSER)),
    **dict.fromkeys(
        (
            *("passkeys", "passkey_add", "passkey_add_question", "passkey_rename", "passkey_remove"),
            *("passkey_confirm", "passkey_confirm_question", "passkey_sign_in", "passkey_sign_in_question"),
            *("passkey_second_step", "passkey_second_step_question", "passkey_first", "passkey_first_question"),
        ),
        a_page(AT_A_BROWSER),
    ),
    **dict.fromkeys(
        ("second_factor_first", "second_factor_set_up", "second_factor_replace", "recovery_codes"),
        a_page(AT_A_BROWSER),
    ),
    **dict.fromkeys(
        ("password_reset", "password_reset_sent", "password_reset_confirm", "invitation"), a_page(AN_ADDRESS)
    ),
}
