"""What is looked at of each kind of thing: its states, what is done to it, and what its page offers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.test import Client
from django.urls import reverse

from identity.core.decisions import Action, Mode
from identity.models import Role
from identity.policy import ACTIONS_ON, MODES, ROLES
from tests.company import belongings, states, ways_in
from tests.company.cases import Cases
from tests.company.states import Make, Row
from tests.company.ways import (
    DELETING,
    OF_ACCOUNTS,
    OF_API_TOKENS,
    OF_ASSETS,
    OF_LEFT_BEHIND,
    OF_MANY,
    OF_MANY_IN_A_GROUP,
    OF_OWN_API_TOKENS,
    OF_OWN_SESSIONS,
    OF_PEOPLE_WHO_DIFFER,
    OF_SECOND_STEPS,
    OF_SESSIONS,
    OF_SETTINGS,
    WAYS,
    Way,
    filled,
)
from tests.passkeys import portal_at

# --- what a page offers ---

Shown = Callable[[Client, Row, dict[Action, Way]], set[Action]]


def buttons(page: str) -> Shown:
    """Those of the row's page, for the acts that are looked at."""

    def shown(client: Client, row: Row, ways: dict[Action, Way]) -> set[Action]:
        found = re.findall(r'data-action="(\w+)"', page_at(client, reverse(f"admin:identity_{page}", args=(row.pk,))))
        kind = page.partition("_")[0]
        names = {f"admin:identity_{kind}_{name}" for name in found}
        return {action for action, way in ways.items() if way.page in names}

    return shown


def links(*pages: str) -> Shown:
    """To the pages where the acts are done, or their forms, on any of these pages."""

    def shown(client: Client, row: Row, ways: dict[Action, Way]) -> set[Action]:
        with portal_at():
            found = " ".join(page_at(client, filled(row, page)) for page in pages)
        return {action for action, way in ways.items() if way.page and f'"{way.url(row)}"' in found}

    return shown


def page_at(client: Client, url: str) -> str:
    """Empty for whom it leads away."""
    return str(client.get(url).content.decode())


def form_of_the_switch(client: Client, row: Row, ways: dict[Action, Way]) -> set[Action]:
    """The preview has the button, or says what is missing."""
    return {action for action, way in ways.items() if ' id="switch"' in page_at(client, way.url(row))}


USUAL = (Mode(scim_enabled=True, sso_enforced=False),)
ENFORCED_OR_NOT = (*USUAL, Mode(scim_enabled=True, sso_enforced=True))
MARKS = (Action.CHANGE_ROLE, Action.MARK_BREAK_GLASS, Action.CLEAR_BREAK_GLASS)
OF_PEOPLE = (
    Action.EDIT_PROFILE,
    Action.ENABLE,
    Action.DISABLE,
    Action.RESEND_INVITATION,
    Action.REVOKE_INVITATION,
    Action.END_SESSIONS,
    *MARKS,
)
TO_DELETE = links("/admin/disabled-users/")


def of(*actions: Action) -> dict[Action, Way]:
    return {action: WAYS[action] for action in actions}


@dataclass(frozen=True)
class Kind:
    """A kind's states, what is done to it, what its page offers, the modes that this hangs on, and who is asked.

    `roles`: of those who have the thing; without, whoever may do any of it.
    """

    states: Cases[Make]
    ways: dict[Action, Way]
    shown: Shown | None = None
    modes: tuple[Mode, ...] = USUAL
    roles: tuple[Role, ...] = ()
    target: str = ""  # of the policy that REST shows

    def may(self, role: Role) -> bool:
        return role in self.roles if self.roles else any(role in ROLES[action.row] for action in self.ways)


KINDS = {
    "a person": Kind(states.PEOPLE, of(*OF_PEOPLE), buttons("user_change"), MODES, target="user"),
    "a person for support": Kind(states.PEOPLE, {Action.DELETE_PERMANENTLY: DELETING}, TO_DELETE),
    "a person to reconcile": Kind(
        states.PEOPLE_WHO_DIFFER, OF_PEOPLE_WHO_DIFFER, buttons("user_change"), MODES, target="user"
    ),
    "what somebody leaves behind": Kind(belongings.LEFT_BEHIND, OF_LEFT_BEHIND),
    "a group": Kind(states.GROUPS, of(Action.CHANGE_MEMBERS), buttons("group_change"), MODES, target="group"),
    "an SSO group": Kind(
        states.SSO_GROUPS, of(Action.WITHDRAW_SSO_GROUP), buttons("ssogroup_change"), target="sso_group"
    ),
    "an identity provider": Kind(
        states.PROVIDERS,
        of(Action.DELETE_PROVIDER, Action.PAUSE_PROVIDER, Action.RESUME_PROVIDER)
        | of(Action.MANAGE_BRAKES, Action.DECIDE_TURNED_AWAY),
        buttons("identityprovider_change"),
        ENFORCED_OR_NOT,
        target="identity_provider",
    ),
    "a connection": Kind(
        states.CONNECTIONS,
        of(*ACTIONS_ON["connection"][1:]),
        buttons("ssoconnection_change"),
        ENFORCED_OR_NOT,
        target="connection",
    ),
    "a conflict": Kind(states.CONFLICTS, of(*ACTIONS_ON["conflict"]), buttons("conflict_change"), target="conflict"),
    "a bulk action": Kind(states.RUNS, of(*ACTIONS_ON["run"]), buttons("bulkrun_change"), MODES),
    "people to invite together": Kind(states.MANY, OF_MANY, modes=MODES),
    "people to add together": Kind(states.MANY_IN_A_GROUP, OF_MANY_IN_A_GROUP, modes=MODES),
    "an asset": Kind(belongings.ASSETS, OF_ASSETS, links("/admin/identity/asset/{pk}/change/")),
    "an API token": Kind(belongings.API_TOKENS, OF_API_TOKENS, buttons("apitoken_change")),
    "one's own API token": Kind(
        belongings.OWN_API_TOKENS, OF_OWN_API_TOKENS, links("/profile/api-tokens/"), roles=tuple(Role)
    ),
    "an account": Kind(belongings.ACCOUNTS, OF_ACCOUNTS, roles=(Role.OWNER,)),
    "a session": Kind(belongings.SESSIONS, OF_SESSIONS, links("/admin/identity/user/{pk}/why/")),
    "one's own session": Kind(belongings.OWN_SESSIONS, OF_OWN_SESSIONS, links("/profile/"), roles=tuple(Role)),
    "one's own second step": Kind(
        belongings.SECOND_STEPS,
        OF_SECOND_STEPS,
        links("/profile/", "/profile/passkeys/"),
        ENFORCED_OR_NOT,
        roles=(Role.OWNER,),
    ),
    "signing in by password": Kind(
        ways_in.BY_PASSWORD, ways_in.OF_PASSWORDS, modes=ENFORCED_OR_NOT, roles=(Role.OWNER,)
    ),
    "signing in by passkey": Kind(ways_in.BY_PASSKEY, ways_in.OF_PASSKEYS, modes=ENFORCED_OR_NOT, roles=(Role.OWNER,)),
    "one's own password": Kind(
        ways_in.OWN_PASSWORDS, ways_in.OF_OWN_PASSWORDS, links("/profile/"), ENFORCED_OR_NOT, roles=(Role.OWNER,)
    ),
    "a forgotten password": Kind(ways_in.FORGOTTEN, ways_in.OF_FORGOTTEN, modes=ENFORCED_OR_NOT, roles=(Role.OWNER,)),
    "the access settings": Kind(belongings.SETTINGS, OF_SETTINGS, form_of_the_switch, ENFORCED_OR_NOT),
}
