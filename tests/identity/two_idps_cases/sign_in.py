"""Signing in: through an identity provider, with passkeys and second steps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from identity.core import totp
from identity.core.actors import Operator, Person
from identity.core.origins import Origin
from identity.events import Event
from identity.models import (
    Passkey,
    SecondFactor,
    SSOIdentity,
)
from identity.services import (
    passkeys,
    second_factors,
    sso_connections,
    traces,
)
from identity.services.sign_in import just_in_time, login
from tests.factories import OPERATOR
from tests.identity.two_idps import ISSUER, SUBJECT, Side, says
from tests.identity.two_idps_cases.deeds import Asked, Deed, forget_the_groups
from tests.passkeys import make_passkey, use


def _settings(**said: Any) -> sso_connections.ConnectionSettings:
    kept = {"issuer": ISSUER, "client_id": "gatehouse", "groups_claim": "groups", "client_secret": "s"}
    return sso_connections.ConnectionSettings(**{**kept, **said})


def _code(side: Side) -> str:
    return totp.code_at(side.totp_secret, totp.step_now() + 1)


def _new_app() -> dict[str, str]:
    secret = totp.new_secret()
    return {"secret": secret, "code": totp.code_at(secret, totp.step_now())}


def _arrive_as(side: Side, **said: Any) -> None:
    """Signing in as nobody who signed in before."""
    login.sign_in(side.oidc, says("new-subject", **said))


def _found_by_external_id(side: Side) -> None:
    SSOIdentity.objects.filter(user=side.user).delete()
    assert login.sign_in(side.oidc, says()) == side.user


def _found_by_user_name(side: Side) -> None:
    SSOIdentity.objects.filter(user=side.user).delete()
    assert login.sign_in(side.oidc, says("new-subject")) == side.user


def _signs_in(side: Side, *groups: str) -> None:
    assert login.sign_in(side.oidc, says(groups=list(groups))) == side.user


OF_A_PERSON: dict[str, list[Deed]] = {
    "sign_in.just_in_time.admit": [
        lambda mine: just_in_time.admit(mine.oidc, says(), mine.sign_in_actor),
        lambda mine: just_in_time.admit(mine.oidc, says("new-subject", "newcomer"), mine.sign_in_actor),
    ],
    "sign_in.just_in_time.follow_groups": [
        lambda mine: just_in_time.follow_groups(mine.user, mine.oidc, says(groups=[]), mine.sign_in_actor),
        lambda mine: [
            forget_the_groups(mine),
            just_in_time.follow_groups(mine.user, mine.oidc, says(groups=["g1"]), mine.sign_in_actor),
        ],
    ],
    "passkeys.add_passkey": [lambda mine: make_passkey(mine.local, replace(mine.device, id=b"another"))],
    "passkeys.remove_passkey": [lambda mine: passkeys.remove_passkey(mine.passkey, actor=Person(mine.local))],
    "passkeys.rename_passkey": [
        lambda mine: passkeys.rename_passkey(mine.passkey, name="Phone", actor=Person(mine.local))
    ],
    "passkeys.use_passkey": [lambda mine: use(mine.device)],
    "second_factors.after_removal": [
        lambda mine: [
            SecondFactor.objects.filter(user=mine.local).delete(),
            Passkey.objects.filter(user=mine.local).delete(),
            second_factors.after_removal(mine.local),
        ]
    ],
    "second_factors.make_recovery_codes": [
        lambda mine: second_factors.make_recovery_codes(mine.local, actor=Person(mine.local))
    ],
    "second_factors.remove_second_factor": [
        lambda mine: second_factors.remove_second_factor(mine.local, actor=Operator("reset"))
    ],
    "second_factors.replace_second_factor": [
        lambda mine: second_factors.replace_second_factor(mine.local, **_new_app(), actor=Person(mine.local))
    ],
    "second_factors.new_codes": [lambda mine: second_factors.new_codes(mine.local)],
    "second_factors.reset_second_factor": [
        lambda mine: second_factors.reset_second_factor(mine.local, actor=Operator("reset"))
    ],
    "second_factors.set_up_second_factor": [
        lambda mine: [
            second_factors.remove_second_factor(mine.local, actor=Operator("reset")),
            second_factors.set_up_second_factor(mine.local, **_new_app(), actor=Person(mine.local)),
        ]
    ],
    "second_factors.use_code": [
        lambda mine: second_factors.use_code(mine.local, _code(mine)),
        lambda mine: second_factors.use_code(mine.local, mine.recovery_code),
    ],
    "sign_in.login.record_logout": [lambda mine: login.record_logout(mine.oidc, [mine.user.pk])],
    "sign_in.login.sign_in": [
        lambda mine: _signs_in(mine, "Engineering"),
        lambda mine: _signs_in(mine),
        _found_by_external_id,
        _found_by_user_name,
        lambda mine: _arrive_as(mine, user_name="newcomer"),
        lambda mine: _arrive_as(mine, user_name="leaver"),
        lambda mine: _arrive_as(mine, user_name="mia"),
        lambda mine: login.sign_in(mine.saml, says(f"saml:{SUBJECT}")),
    ],
    "traces.note": [
        lambda mine: traces.note(Event.SIGN_IN_REFUSED, actor=mine.sign_in_actor, origin=Origin(), user_id=mine.user.pk)
    ],
}

OF_A_PROVIDER: dict[str, list[Deed]] = {
    "sso_connections.create_connection": [
        lambda mine: sso_connections.create_connection(mine.idp, protocol="oidc", said=_settings(), actor=OPERATOR)
    ],
    "sso_connections.delete_connection": [lambda mine: sso_connections.delete_connection(mine.oidc, actor=OPERATOR)],
    "sso_connections.edit_connection": [
        lambda mine: sso_connections.edit_connection(mine.oidc, said=_settings(client_id="n"), actor=OPERATOR),
        lambda mine: [
            sso_connections.delete_connection(mine.saml, actor=OPERATOR),
            sso_connections.edit_connection(
                mine.oidc, said=_settings(issuer="https://new.example"), forget_identities=True, actor=OPERATOR
            ),
        ],
    ],
    "sso_connections.set_connection_enabled": [
        lambda mine: sso_connections.set_connection_enabled(mine.oidc, False, actor=OPERATOR)
    ],
    "sign_in.login.record_failure": [
        lambda mine: login.record_failure(mine.oidc, code="x", sentence="No.", advice="", address="")
    ],
}

READS: dict[str, Asked] = {
    "passkeys.adding": lambda mine: (
        passkeys.adding(mine.local, challenge="c", user_handle="h")["excludeCredentials"],
        [{"type": "public-key", "id": mine.passkey.credential_id}],
    ),
    "passkeys.asking": lambda mine: (
        [key["id"] for key in passkeys.asking(mine.local, challenge="c", alone=False)["allowCredentials"]],
        [mine.passkey.credential_id],
    ),
    "passkeys.find_passkey": lambda mine: (
        passkeys.find_passkey(json.dumps(mine.device.sign({"challenge": "Y2hhbGxlbmdl"}))),
        mine.passkey,
    ),
    "passkeys.handle_of": lambda mine: (passkeys.handle_of(mine.local), mine.passkey.user_handle),
    "second_factors.digest": lambda mine: (
        second_factors.digest(mine.local.pk, mine.recovery_code)
        == second_factors.digest(mine.other.local.pk, mine.recovery_code),
        False,
    ),
    "sso_connections.identities_of": lambda mine: (
        [set(sso_connections.identities_of(one).values_list("user", flat=True)) for one in (mine.oidc, mine.saml)],
        [{mine.user.pk, mine.colleague.user_id}] * 2,
    ),
    "sign_in.login.find_connection": lambda mine: (login.find_connection(mine.oidc.slug), mine.oidc),
    "sign_in.login.lacks_something": lambda mine: (
        [login.lacks_something(mine.oidc, says(subject, email="")) for subject in (SUBJECT, "new-subject")],
        [False, True],
    ),
    "sign_in.login.rehearse": lambda mine: (login.rehearse(mine.oidc, says()).user_id, mine.user.pk),
}
