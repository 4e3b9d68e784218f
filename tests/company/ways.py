"""How each door does each act."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from identity.core.actors import Actor, Operator, Person
from identity.core.decisions import Action
from identity.models import AccessSettings, User
from identity.services.reconciling import differences
from tests.authenticator import Authenticator
from tests.company.states import Row
from tests.passkeys import NEW, portal_at
from tests.portal.second_steps import code_of

NOTHING = "the same whatever the reason"


@dataclass
class Way:
    """The page with its form, the request and the command of an act; `{pk}`, `{name}` and the like are the row's."""

    page: str = ""
    request: tuple[str, str] | None = None
    command: tuple[str, ...] = ()
    form: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    args: tuple[str, ...] = ("{pk}",)
    query: str = ""
    post: Callable[[Client, str, Row], HttpResponse] | None = None  # for a page that is more than a form
    in_whose_name: Callable[[Row], Actor] = lambda row: Operator("test")  # the command acts
    told: Callable[[Row], str] | None = None  # why not, for a page that tells a stranger nothing

    def url(self, row: Row) -> str:
        return reverse(self.page, args=filled(row, self.args)) + filled(row, self.query)


def filled(row: Row, what: Any) -> Any:
    """With the row's own words in place of `{pk}`, `{name}` and the like; a whole word keeps its type."""
    match what:
        case str():
            words = {"pk": row.pk, "name": row.name, "email": getattr(row.about.get("user"), "email", ""), **row.more}
            whole = what[1:-1]
            return words[whole] if what == f"{{{whole}}}" and whole in row.more else what.format(**words)
        case dict():
            return {name: filled(row, value) for name, value in what.items()}
        case list() | tuple():
            return [filled(row, value) for value in what]
    return what


def reconcile(client: Client, url: str, row: Row) -> HttpResponse:
    """What the preview has shown."""
    seen = differences(row.about["user"]).fingerprint
    return client.post(url, {"fingerprint": seen})  # type: ignore[return-value]


WAYS: dict[Action, Way] = {
    Action.EDIT_PROFILE: Way(
        "admin:identity_user_edit_profile",
        ("PATCH", "users/{pk}/"),
        ("edit_user", "{name}", "--first-name", "Renamed"),
        {"first_name": "Renamed", "email": "{email}"},
        {"first_name": "Renamed"},
    ),
    Action.ENABLE: Way("admin:identity_user_enable", ("POST", "users/{pk}/enable/"), ("enable_user", "{name}")),
    Action.DISABLE: Way("admin:identity_user_disable", ("POST", "users/{pk}/disable/"), ("disable_user", "{name}")),
    Action.RESEND_INVITATION: Way(
        "admin:identity_user_resend_invitation", ("POST", "invitations/{pk}/resend/"), ("resend_invitation", "{name}")
    ),
    Action.REVOKE_INVITATION: Way(
        "admin:identity_user_revoke_invitation", ("DELETE", "invitations/{pk}/"), ("revoke_invitation", "{name}")
    ),
    Action.END_SESSIONS: Way(
        "admin:identity_user_end_sessions", ("POST", "users/{pk}/end-sessions/"), ("end_sessions", "{name}")
    ),
    Action.CHANGE_ROLE: Way(
        "admin:identity_user_change_role",
        ("PUT", "users/{pk}/role/"),
        ("set_role", "{name}", "support"),
        {"role": "support"},
        {"role": "support"},
    ),
    Action.MARK_BREAK_GLASS: Way(
        "admin:identity_user_mark_break_glass",
        ("PUT", "users/{pk}/break-glass/"),
        ("set_break_glass", "{name}", "on"),
        body={"is_break_glass": True},
    ),
    Action.CLEAR_BREAK_GLASS: Way(
        "admin:identity_user_clear_break_glass",
        ("PUT", "users/{pk}/break-glass/"),
        ("set_break_glass", "{name}", "off"),
        body={"is_break_glass": False},
    ),
    Action.CHANGE_MEMBERS: Way(
        "admin:identity_group_add_members",
        ("POST", "groups/{pk}/members/"),
        ("add_members", "{name}", "mia"),
        {"users": ["{mia}"]},
        {"users": ["{mia}"]},
    ),
    Action.WITHDRAW_SSO_GROUP: Way(
        "admin:identity_ssogroup_withdraw", ("DELETE", "sso-groups/{pk}/"), ("withdraw_sso_group", "{name}")
    ),
    Action.DELETE_PROVIDER: Way(
        "admin:identity_identityprovider_delete",
        ("DELETE", "identity-providers/{pk}/"),
        ("delete_identity_provider", "{name}", "--yes"),
        {"name": "{name}"},
    ),
    Action.MANAGE_BRAKES: Way(
        "admin:identity_identityprovider_brake",
        ("PATCH", "identity-providers/{pk}/brake/"),
        ("set_brake", "--idp", "{name}", "--people", "50"),
        {"is_on": "on", "people": "50", "percent": "10"},
        {"people": 50},
    ),
    Action.DECIDE_TURNED_AWAY: Way(
        "admin:identity_identityprovider_decide_turned_away",
        ("POST", "identity-providers/{pk}/turned-away/decide/"),
        ("decide_turned_away", "forget", "--idp", "{name}"),
        {"decision": "forget"},
        {"decision": "forget"},
    ),
    Action.PAUSE_PROVIDER: Way(
        "admin:identity_identityprovider_pause",
        ("POST", "identity-providers/{pk}/pause/"),
        ("pause_identity_provider", "{name}"),
    ),
    Action.RESUME_PROVIDER: Way(
        "admin:identity_identityprovider_resume",
        ("POST", "identity-providers/{pk}/resume/"),
        ("resume_identity_provider", "{name}"),
    ),
    Action.ENABLE_CONNECTION: Way(
        "admin:identity_ssoconnection_enable",
        ("POST", "sso-connections/{pk}/enable/"),
        ("enable_sso_connection", "{name}"),
    ),
    Action.DISABLE_CONNECTION: Way(
        "admin:identity_ssoconnection_disable",
        ("POST", "sso-connections/{pk}/disable/"),
        ("disable_sso_connection", "{name}"),
    ),
    Action.DELETE_CONNECTION: Way(
        "admin:identity_ssoconnection_delete",
        ("DELETE", "sso-connections/{pk}/"),
        ("delete_sso_connection", "{name}", "--yes"),
    ),
    Action.LINK_CONFLICT: Way(
        "admin:identity_conflict_link", ("POST", "conflicts/{pk}/link/"), ("link_conflict", "{pk}")
    ),
    Action.MOVE_CONFLICT: Way(
        "admin:identity_conflict_move", ("POST", "conflicts/{pk}/move/"), ("move_conflict", "{pk}")
    ),
    Action.GIVE_OWN_USERNAME: Way(
        "admin:identity_conflict_own_username",
        ("POST", "conflicts/{pk}/own-username/"),
        ("give_own_username", "{pk}", "ada.2"),
        {"username": "ada.2"},
        {"username": "ada.2"},
    ),
    Action.DISMISS_CONFLICT: Way(
        "admin:identity_conflict_dismiss", ("POST", "conflicts/{pk}/dismiss/"), ("dismiss_conflict", "{pk}")
    ),
    Action.START_RUN: Way("admin:identity_bulkrun_start", ("POST", "bulk-runs/{pk}/start/")),
    Action.CONTINUE_RUN: Way("admin:identity_bulkrun_continue", ("POST", "bulk-runs/{pk}/continue/")),
    Action.DISCARD_RUN: Way(
        "admin:identity_bulkrun_discard", ("DELETE", "bulk-runs/{pk}/"), ("discard_bulk_run", "{pk}")
    ),
}


# --- what people do with what is theirs ---


def scan(client: Client, url: str, row: Row) -> HttpResponse:
    """The picture, and the first code."""
    page = client.get(url)
    if page.status_code != 200:
        return page  # type: ignore[return-value]
    found = re.search(r"secret: <code[^>]*>(\w+)<", page.content.decode())
    assert found is not None
    return client.post(url, {"code": code_of(found[1])})  # type: ignore[return-value]


def touch(client: Client, url: str, row: Row) -> HttpResponse:
    """An authenticator, if the browser may ask for one."""
    with portal_at():
        asked = client.post(f"{NEW}question/")
        answer = Authenticator().make(asked.json()) if asked.status_code == 200 else {}
        return client.post(url, {"answer": json.dumps(answer), "name": "Phone"})  # type: ignore[return-value]


def confirm(client: Client, url: str, row: Row) -> HttpResponse:
    """What the preview has shown."""
    return client.post(url, {"seen": AccessSettings.objects.mode().code})  # type: ignore[return-value]


def in_their_name(row: Row) -> Actor:
    return Person(row.about["user"])


def as_support(row: Row) -> Actor:
    return Person(User.objects.get(username="sue"))


PEOPLE_CSV = Path(__file__).with_name("people.csv")


def upload(client: Client, url: str, row: Row) -> HttpResponse:
    with PEOPLE_CSV.open("rb") as file:
        return client.post(url, {"file": file})  # type: ignore[return-value]


OF_PEOPLE_WHO_DIFFER = {
    Action.RECONCILE: Way(
        "admin:identity_user_reconcile",
        ("POST", "reconciliation/"),
        ("reconcile", "--user", "{name}", "--yes"),
        body={"user": "{user}", "fingerprint": "{fingerprint}"},
        post=reconcile,
    )
}
OF_MANY = {
    Action.MANAGE_BULK_RUNS: Way(
        "admin:identity_invitation_import",
        ("POST", "bulk-runs/"),
        ("import_users", str(PEOPLE_CSV), "--yes"),
        body={"kind": "invite", "people": [{"username": "new", "email": "new@example.test"}], "is_draft": True},
        args=(),
        post=upload,
    )
}
OF_MANY_IN_A_GROUP = {
    Action.MANAGE_BULK_RUNS: Way(
        "admin:identity_user_bulk_add_to_groups",
        ("POST", "bulk-runs/"),
        ("create_bulk_run", "add_to_groups", "mia", "--group", "{name}", "--yes"),
        {"groups": ["{group}"]},
        {"kind": "add_to_groups", "users": ["{mia}"], "groups": ["{group}"]},
        args=(),
        query="?ids={mia}",
    )
}
DELETING = Way(
    "admin:disabled_users_delete",
    ("POST", "support/disabled-users/{pk}/delete-permanently/"),
    ("delete_user", "{name}", "--as", "sue", "--reason", "left", "--yes"),
    form={"username": "{name}", "reason": "left"},
    body={"username": "{name}", "reason": "left"},
    in_whose_name=as_support,
)
OF_LEFT_BEHIND = {
    Action.HAND_OVER: Way(
        DELETING.page,
        DELETING.request,
        form={**DELETING.form, "transferee": "{taker}"},
        body={"username": "{name}", "reason": "left", "transferee": "{taker}"},
    )
}
OF_ASSETS = {
    Action.MANAGE_ASSETS: Way(
        "admin:identity_asset_edit",
        ("PATCH", "assets/{pk}/"),
        ("edit_asset", "{name}", "--kind", "page"),
        {"name": "{name}", "kind": "page"},
        {"kind": "page"},
    ),
    Action.ADD_ASSET_OWNER: Way(
        "admin:identity_asset_add_owner",
        ("POST", "assets/{pk}/owners/"),
        ("transfer_asset", "{name}", "--to", "{taker_name}", "--share"),
        {"users": ["{taker}"]},
        {"user": "{taker}"},
    ),
    Action.REMOVE_ASSET_OWNER: Way(
        "admin:identity_asset_remove_owner",
        ("DELETE", "assets/{pk}/owners/{giver}/"),
        ("remove_asset_owner", "{name}", "{giver_name}"),
        query="?user={giver}",
    ),
    Action.TRANSFER_ASSET: Way(
        "admin:identity_asset_transfer",
        ("POST", "assets/{pk}/transfer/"),
        ("transfer_asset", "{name}", "--to", "{taker_name}", "--from", "{giver_name}"),
        {"users": ["{taker}"]},
        {"giver": "{giver}", "taker": "{taker}"},
        query="?user={giver}",
    ),
}
REVOKING = Way("admin:identity_apitoken_revoke", ("DELETE", "api-tokens/{pk}/"), ("revoke_api_token", "{pk}"))
OF_API_TOKENS = {Action.REVOKE_API_TOKEN: REVOKING}
OF_OWN_API_TOKENS = {
    Action.REVOKE_API_TOKEN: Way("revoke_own_token", REVOKING.request),
    Action.CREATE_API_TOKEN: Way(
        "create_own_token",
        ("POST", "api-tokens/"),
        form={"label": "script", "scopes": ["read"]},
        body={"label": "script", "scopes": ["read"]},
        args=(),
    ),
}
OF_ACCOUNTS = {
    Action.CREATE_API_TOKEN: Way(command=("create_api_token", "{name}", "--scope", "read"), in_whose_name=in_their_name)
}
OF_SESSIONS = {
    Action.END_SESSION: Way(
        "admin:identity_user_end_session",
        ("DELETE", "users/{pk}/sessions/{session}/"),
        ("end_session", "{name}", "{session}"),
        query="?session={session}",
    )
}
OF_OWN_SESSIONS = {Action.END_SESSION: Way("end_session", ("DELETE", "me/sessions/{session}/"), args=("{session}",))}
OF_SECOND_STEPS = {
    Action.SET_UP_APP: Way("second_factor_set_up", args=(), post=scan),
    Action.REPLACE_APP: Way("second_factor_replace", args=(), post=scan),
    Action.REMOVE_APP: Way("second_factor_remove", ("DELETE", "me/second-step/"), args=()),
    Action.MAKE_RECOVERY_CODES: Way("recovery_codes", args=()),
    Action.ADD_PASSKEY: Way("passkey_add", args=(), post=touch),
    Action.RENAME_PASSKEY: Way("passkey_rename", args=("{passkey}",), form={"name": "Other"}),
    Action.REMOVE_PASSKEY: Way("passkey_remove", args=("{passkey}",)),
    Action.RESET_SECOND_STEP: Way(command=("reset_second_factor", "{name}")),
}
OF_SETTINGS = {
    Action.ENFORCE_SSO: Way(
        "admin:identity_accesssettings_switch",
        ("PATCH", "access-settings/"),
        ("set_mode", "--sso", "enforced"),
        body={"sso_enforced": True},
        args=(),
        query="?sso=on",
        post=confirm,
    )
}
