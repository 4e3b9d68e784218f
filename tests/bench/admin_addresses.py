"""Every page of the administrators, of support and of the own profile, by its address in a large company.

What a list offers (sorts, filters, its last page) is not written here: the benchmark reads it from the page. A test
compares these addresses with the registered ones, so that no new page is forgotten.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tests.bench.company import Company

NOBODY = "zzzzzz"


@dataclass(frozen=True, slots=True)
class Walk:
    """Who asks for what, in which mode."""

    person: str
    scim_enabled: bool
    sso_enforced: bool
    addresses: list[str]


def walks(it: Company) -> list[Walk]:
    """All of them; the lists are in the first and in support's."""
    return [
        Walk("olga", True, False, _admin(it, _LISTS + _DETAILS + _FILES + _WHAT_IF) + _OWN),
        Walk("olga", False, False, _admin(it, _SCIM_OFF)),
        Walk("olga", True, True, _admin(it, _ENFORCED)),
        Walk("sue", True, False, _admin(it, _SUPPORT)),
        Walk(it.busy_name, True, False, _OWN),
    ]


def texts(it: Company) -> dict[str, tuple[str, ...]]:
    """What is typed into each text field of a list: one, many, a few at the end, everybody, nobody."""
    names = (it.user_name, "smith", "zamora", "ava", NOBODY, "group 0", "1")
    people = (it.user_name, it.busy_name, f"{NOBODY}@corp.example")
    moments = ("2000-01-01T00:00", f"{it.a_month_ago}T12:00", "2100-01-01T00:00")
    return {"q": names, "person": people, "by": ("olga", *people), "owner": people, "from": moments, "until": moments}


def _admin(it: Company, paths: str) -> list[str]:
    facts = asdict(it)
    return [f"/admin/{path.format(**facts)}" if path != "/" else "/admin/" for path in paths.split()]


# One address a line; {names} are Company's.
_LISTS = """
    /
    identity/user/
    identity/user/?group={everybody}
    identity/user/?group={everybody}&status=disabled
    identity/user/?group={everybody}&active=never&q=smith
    identity/user/?group={division}&source={other_provider}
    identity/user/?group={division}&q=zamora
    identity/user/?status=enabled&source={provider}&active=ever&q=smith
    identity/user/?status=disabled&source={other_provider}&active=ever&q=zamora
    identity/user/?role=member&source=local&status=enabled
    identity/invitation/
    identity/group/
    identity/ssogroup/
    identity/groupmapping/
    identity/identityprovider/
    identity/conflict/
    identity/turnedaway/
    identity/ssouser/
    identity/scimtoken/
    identity/scimtrust/
    identity/ssoconnection/
    identity/provisioninglog/
    identity/provisioninglog/?before={log}
    identity/provisioninglog/?after={log}
    identity/provisioninglog/?after=0
    identity/provisioninglog/?before=100
    identity/provisioninglog/?person={busy_name}&before={log}
    identity/provisioninglog/?person={busy_name}&after=0
    identity/provisioninglog/?person={busy_name}&outcome__exact=unchanged
    identity/provisioninglog/?person={busy_name}&outcome__exact=refused&idp={other_provider}
    identity/provisioninglog/?idp={other_provider}&outcome__exact=refused&since=month
    identity/auditevent/
    identity/auditevent/?before={event}
    identity/auditevent/?after={event}
    identity/auditevent/?after=0
    identity/auditevent/?person={busy_name}&before={event}
    identity/auditevent/?person={busy_name}&family=membership&by=olga
    identity/auditevent/?person={busy_name}&family=asset&since=month
    identity/auditevent/?by=olga&family=asset
    identity/bulkrun/
    identity/deletionrecord/
    identity/asset/
    identity/accesssettings/
    identity/apitoken/
    identity/scheduledjob/
    identity/webhook/
    identity/alarm/
    identity/notificationrule/
    identity/webhookdelivery/
    identity/webhookdelivery/?state__exact=waiting
    identity/webhookdelivery/?webhook__id__exact={webhook}
    break-glass/
"""
_DETAILS = """
    ?days=90
    ?days=365
    search/?s=user
    search/?s=user&extended=1
    identity/user/{user}/change/
    identity/user/{busy}/change/
    identity/user/{invited}/change/
    identity/user/{gone}/change/
    identity/user/{user}/why/
    identity/user/{busy}/why/
    identity/user/{busy}/why/?before={event}
    identity/user/{invited}/why/
    identity/user/invite/
    identity/user/{user}/edit_profile/
    identity/user/{user}/add_to_groups/
    identity/user/{busy}/add_to_groups/?q=group+0
    identity/user/{busy}/add_to_groups/?q=zzzzzz
    identity/user/{user}/change_role/
    identity/user/{user}/mark_break_glass/
    identity/user/{user}/clear_break_glass/
    identity/user/{invited}/resend_invitation/
    identity/user/{invited}/revoke_invitation/
    identity/user/{disabled}/enable/
    identity/user/{busy}/disable/
    identity/user/{busy}/end_sessions/
    identity/user/{busy}/end_session/?session={session}
    identity/user/{busy}/remove_from_group/?group={free_group}
    identity/user/bulk_enable/?ids={user},{busy},{disabled}
    identity/user/bulk_disable/?ids={user},{busy},{disabled}
    identity/user/bulk_disable/?all=1&of=status%3Ddisabled
    identity/user/bulk_add_to_groups/?ids={user},{busy}
    identity/user/bulk_add_to_groups/?all=1&of=q%3Dzamora
    identity/user/bulk_resend/?all=1&of=role%3Downer
    identity/user/bulk_resend/?all=1&of=status%3Dinvited%26q%3Dguest99
    identity/user/bulk_revoke/?ids={invited}
    identity/invitation/import/
    identity/group/{group}/change/
    identity/group/{division}/change/
    identity/group/{division}/change/?p=2
    identity/group/{division}/change/?q=smith
    identity/group/{division}/change/?q=zzzzzz
    identity/group/{everybody}/change/
    identity/group/{everybody}/change/?p=1000
    identity/group/{everybody}/change/?p=19999
    identity/group/{everybody}/change/?q=zamora
    identity/group/{everybody}/change/?q=ava
    identity/group/{everybody}/change/?q=zzzzzz
    identity/group/add/
    identity/group/{everybody}/edit/
    identity/group/{everybody}/delete/
    identity/group/{everybody}/map_from/
    identity/group/{everybody}/map_from/?q=zzzzzz
    identity/group/{free_group}/add_members/
    identity/group/{free_division}/add_members/
    identity/group/{free_division}/add_members/?q=smith
    identity/group/{free_division}/add_members/?q=zamora
    identity/group/{free_division}/add_members/?q=zzzzzz
    identity/group/{free_group}/remove_member/?user={busy}
    identity/ssogroup/{sso_group}/change/
    identity/ssogroup/{sso_division}/change/
    identity/ssogroup/{sso_division}/change/?q=user00
    identity/ssogroup/{sso_everybody}/change/
    identity/ssogroup/{sso_everybody}/change/?p=19999
    identity/ssogroup/{sso_everybody}/change/?q={user_name}
    identity/ssogroup/{sso_everybody}/change/?q=user00
    identity/ssogroup/{sso_everybody}/change/?q=zzzzzz
    identity/ssogroup/{declared}/change/
    identity/ssogroup/declare/
    identity/ssogroup/{declared}/withdraw/
    identity/ssogroup/{free_sso_division}/map/
    identity/ssogroup/{free_sso_division}/map/?q=zzzzzz
    identity/ssogroup/{sso_group}/apply_mapping/?group={free_group}
    identity/ssogroup/{free_sso_division}/apply_mapping/?group={free_group}
    identity/ssogroup/{free_sso_division}/apply_mapping/?group={free_division}
    identity/ssogroup/{sso_division}/apply_mapping/?group={free_division}
    identity/groupmapping/{mapping}/unmap/
    identity/groupmapping/{mapping_of_division}/unmap/
    identity/identityprovider/{provider}/change/
    identity/identityprovider/{other_provider}/change/
    identity/identityprovider/add/
    identity/identityprovider/{provider}/live/
    identity/identityprovider/{provider}/set_up/
    identity/identityprovider/{provider}/create_token/
    identity/identityprovider/{provider}/create_trust/
    identity/identityprovider/{provider}/watch/
    identity/identityprovider/{provider}/connect_oidc/
    identity/identityprovider/{provider}/connect_saml/
    identity/identityprovider/{provider}/edit/
    identity/identityprovider/{provider}/delete/
    identity/identityprovider/{provider}/pause/
    identity/identityprovider/{provider}/decide_turned_away/
    identity/turnedaway/{turned_away}/decide/
    identity/identityprovider/{provider}/brake/
    identity/identityprovider/{provider}/release_brake/
    identity/identityprovider/{provider}/resume/
    identity/ssoconnection/{connection}/change/
    identity/ssoconnection/{connection}/test/
    identity/ssoconnection/{connection}/edit/
    identity/ssoconnection/{connection}/enable/
    identity/ssoconnection/{connection}/disable/
    identity/ssoconnection/{connection}/delete/
    identity/conflict/{conflict}/change/
    identity/turnedaway/{turned_away}/change/
    identity/conflict/{conflict}/link/
    identity/conflict/{conflict}/move/
    identity/conflict/{conflict}/own_username/
    identity/conflict/{conflict}/dismiss/
    identity/conflict/mismatch_report/
    identity/conflict/mismatch_report_csv/
    identity/ssouser/{sso_user}/change/
    identity/scimtoken/{scim_token}/change/
    identity/scimtoken/{scim_token}/edit/
    identity/scimtoken/{scim_token}/revoke/
    identity/scimtrust/{scim_trust}/change/
    identity/scimtrust/{scim_trust}/check/
    identity/scimtrust/{scim_trust}/delete/
    identity/scimtrust/{scim_trust}/edit/
    identity/provisioninglog/{log}/change/
    identity/provisioninglog/{log_that_moved}/change/
    identity/auditevent/{event}/change/
    identity/auditevent/{event_that_moved}/change/
    identity/bulkrun/{run}/change/
    identity/bulkrun/{run}/change/?p=199
    identity/bulkrun/{run}/change/?outcome=refused
    identity/bulkrun/{draft}/start/
    identity/bulkrun/{run}/continue/
    identity/bulkrun/{draft}/discard/
    identity/deletionrecord/{deletion}/change/
    identity/asset/{asset}/change/
    identity/asset/add/
    identity/asset/{asset}/edit/
    identity/asset/{asset}/add_owner/
    identity/asset/{asset}/add_owner/?q=smith
    identity/asset/{asset}/add_owner/?q=zzzzzz
    identity/asset/{asset}/remove_owner/?user={busy}
    identity/asset/{asset}/transfer/?user={busy}
    identity/asset/{asset}/transfer/?user={busy}&q=smith
    identity/asset/bulk_transfer/?ids=1,2,3
    identity/asset/bulk_transfer/?ids=1,2,3&q=zzzzzz
    identity/asset/{asset}/delete/
    identity/apitoken/{api_token}/change/
    identity/apitoken/{api_token}/revoke/
    identity/accesssettings/retention/
    identity/scheduledjob/{scheduled_job}/change/
    identity/scheduledjob/{scheduled_job}/run/
    identity/alarm/{alarm}/change/
    identity/notificationrule/add/
    identity/notificationrule/{rule}/change/
    identity/notificationrule/{rule}/edit/
    identity/notificationrule/{rule}/test/
    identity/notificationrule/{rule}/delete/
    identity/webhook/add/
    identity/webhook/{webhook}/change/
    identity/webhook/{webhook}/edit/
    identity/webhook/{webhook}/test/
    identity/webhook/{webhook}/enable/
    identity/webhook/{webhook}/disable/
    identity/webhook/{webhook}/rotate_secret/
    identity/webhook/{webhook}/delete/
    identity/webhookdelivery/{delivery}/change/
    identity/webhookdelivery/{delivery}/redeliver/
"""
# Of a file, the first part: it is made a thousand rows at a time.
_FILES = """
    identity/user/export.csv
    identity/user/export.csv?group={everybody}&status=disabled
    identity/user/export.csv?q=zamora
    identity/user/export.csv?status=enabled&active=never&source=local
    identity/invitation/export.csv
    identity/group/export.csv
    identity/ssogroup/export.csv
    identity/groupmapping/export.csv
    identity/identityprovider/export.csv
    identity/conflict/export.csv
    identity/turnedaway/export.csv
    identity/ssouser/export.csv
    identity/scimtoken/export.csv
    identity/scimtrust/export.csv
    identity/ssoconnection/export.csv
    identity/provisioninglog/export.csv
    identity/provisioninglog/export.csv?person={busy_name}
    identity/provisioninglog/export.jsonl
    identity/auditevent/export.csv
    identity/auditevent/export.csv?family=asset
    identity/auditevent/export.jsonl
    identity/auditevent/{event_that_moved}/moved/
    identity/bulkrun/export.csv
    identity/bulkrun/{run}/results.csv
    identity/deletionrecord/export.csv
    identity/asset/export.csv
    identity/apitoken/export.csv
    identity/scheduledjob/export.csv
    identity/webhook/export.csv
    identity/alarm/export.csv
    identity/notificationrule/export.csv
    identity/webhookdelivery/export.csv
    identity/accesssettings/switch/people.csv?sso=on&effect=edit_profile
"""
_WHAT_IF = """
    identity/accesssettings/switch/?sso=on
    identity/accesssettings/switch/?scim=off
    identity/accesssettings/switch/?sso=on&scim=off
    identity/accesssettings/switch/people/?sso=on&effect=locked_out
    identity/accesssettings/switch/people/?sso=on&effect=locked_out&q=smith
    identity/accesssettings/switch/people/?sso=on&effect=locked_out&q=zzzzzz
    identity/accesssettings/switch/people/?sso=on&effect=sso_only
    identity/accesssettings/switch/people/?sso=on&effect=sso_only&q=zamora
    identity/accesssettings/switch/people/?sso=on&effect=sso_only&after=user09
    identity/accesssettings/switch/people/?sso=on&effect=invitations
    identity/accesssettings/switch/people/?sso=on&effect=invitations&q=guest9
    identity/accesssettings/switch/people/?sso=on&effect=edit_profile
    identity/accesssettings/switch/people/?sso=on&effect=edit_profile&q=smith
    identity/accesssettings/switch/people/?sso=on&effect=edit_profile&q=zamora
    identity/accesssettings/switch/people/?sso=on&effect=edit_profile&after=user09
    identity/accesssettings/switch/people/?scim=off&effect=set_status
    identity/accesssettings/switch/people/?scim=off&effect=set_status&q=zamora
    identity/accesssettings/switch/people/?scim=off&effect=set_status&q=zzzzzz
    identity/accesssettings/switch/people/?scim=off&effect=set_status&after=user09
    identity/accesssettings/switch/people/?scim=off&effect=just_in_time
    identity/accesssettings/switch/people/?scim=off&effect=left_by_idp
    identity/accesssettings/switch/people/?scim=off&effect=left_by_idp&q=smith
"""
_SCIM_OFF = """
    /
    identity/accesssettings/
    identity/accesssettings/switch/?scim=on
    identity/accesssettings/switch/?sso=on
    identity/accesssettings/switch/people/?scim=on&effect=follow_enable
    identity/accesssettings/switch/people/?scim=on&effect=follow_enable&q=smith
    identity/accesssettings/switch/people/?scim=on&effect=follow_disable
    identity/accesssettings/switch/people/?sso=on&effect=locked_out
    identity/accesssettings/switch/people/?sso=on&effect=sso_only
    identity/user/
    identity/user/{busy}/change/
    identity/user/{busy}/edit_profile/
    identity/user/{busy}/add_to_groups/
    identity/user/{disabled}/enable/
    identity/user/{busy}/disable/
    identity/user/bulk_enable/?all=1&of=q%3Duser00001
    identity/user/bulk_enable/?ids={user},{busy},{disabled}
    identity/user/bulk_disable/?all=1&of=q%3Dzamora
    identity/group/{everybody}/change/
    identity/group/{everybody}/add_members/
    identity/group/{everybody}/add_members/?q=zamora
    identity/group/{everybody}/remove_member/?user={busy}
    identity/ssogroup/{free_sso_division}/apply_mapping/?group={free_group}
    identity/groupmapping/{mapping_of_division}/unmap/
"""
_ENFORCED = """
    identity/accesssettings/
    identity/accesssettings/switch/?sso=off
    identity/accesssettings/switch/people/?sso=off&effect=password_again
    identity/accesssettings/switch/people/?sso=off&effect=edit_profile&q=zzzzzz
    identity/user/{user}/edit_profile/
"""
_SUPPORT = """
    /
    disabled-users/
    disabled-users/?q=user00
    disabled-users/?q=smith
    disabled-users/?q=ava
    disabled-users/?q=zzzzzz
    disabled-users/?p=200
    disabled-users/export.csv
    disabled-users/export.csv?q=smith
    disabled-users/{disabled}/delete/
    disabled-users/{gone}/delete/
    disabled-users/{gone}/delete/?q=smith
    disabled-users/{gone}/delete/?q=zzzzzz
    identity/deletionrecord/
    identity/deletionrecord/{deletion}/change/
"""
_OWN = [
    "/profile/",
    "/profile/notifications/",
    "/profile/api-tokens/",
    "/profile/api-tokens/new/",
    "/profile/second-step/",
]
