"""Accounts, their tokens, and what is mailed to them."""

from __future__ import annotations

import json

from identity.core import secrets
from identity.core.actors import Person
from identity.core.encryption import seal
from identity.models import (
    Status,
    User,
)
from identity.services import (
    api_tokens,
    deletion,
    idempotency,
    invitations,
    notices,
    notification_rules,
    users,
)
from identity.services.notices import SecurityChange
from tests.factories import OPERATOR, PASSWORD
from tests.identity.two_idps import Side
from tests.identity.two_idps_cases.deeds import Asked, Deed


def _mail() -> str:
    return seal(json.dumps(["Hello", "you", "somebody@example.test"]))


def _delete(side: Side, user: User) -> None:
    users.change_status(user, Status.DISABLED)
    deletion.delete_permanently(
        user, typed_username=user.username, reason="left", transferee=side.invited, actor=OPERATOR
    )


OF_A_PERSON: dict[str, list[Deed]] = {
    "notification_rules.opt_out": [lambda mine: notification_rules.opt_out(mine.user, ["silent"])],
    "api_tokens.create_api_token": [
        lambda mine: api_tokens.create_api_token(label="new", scopes=["read"], actor=Person(mine.user))
    ],
    "api_tokens.note_use": [lambda mine: api_tokens.note_use(mine.api_token, address="192.0.2.1", limit=9)],
    "api_tokens.revoke_api_token": [lambda mine: api_tokens.revoke_api_token(mine.api_token, actor=OPERATOR)],
    "deletion.delete_permanently": [
        lambda mine: _delete(mine, mine.disabled),
        lambda mine: _delete(mine, mine.user),
        lambda mine: _delete(mine, mine.leaver),
    ],
    "idempotency.abandon": [lambda mine: idempotency.abandon(mine.request)],
    "idempotency.begin": [lambda mine: idempotency.begin(mine.user, "another", "digest")],
    "idempotency.finish": [lambda mine: idempotency.finish(mine.request, "answer")],
    "invitations.accept_invitation": [
        lambda mine: invitations.accept_invitation(mine.invitation_secret, password=PASSWORD)
    ],
    "invitations.invite_user": [
        lambda mine: invitations.invite_user(username="ada", email="ada@example.test", actor=OPERATOR)
    ],
    "invitations.resend_invitation": [lambda mine: invitations.resend_invitation(mine.invited, actor=OPERATOR)],
    "invitations.revoke_invitation": [lambda mine: invitations.revoke_invitation(mine.invited, actor=OPERATOR)],
    "notices.deliver_invitation": [
        lambda mine: notices.deliver_invitation.func(_mail(), secrets.digest(mine.invitation_secret))
    ],
    "users.change_role": [lambda mine: users.change_role(mine.user, "support", actor=OPERATOR)],
    "users.change_status": [
        lambda mine: users.change_status(mine.user, Status.DISABLED),
        lambda mine: users.change_status(mine.invited, Status.DISABLED),
    ],
    "users.disable_user": [
        lambda mine: users.disable_user(mine.local, actor=OPERATOR),
        lambda mine: users.disable_user(mine.user, actor=OPERATOR),
    ],
    "users.edit_profile": [
        lambda mine: users.edit_profile(
            mine.user, first_name="A", last_name="L", email=mine.user.email, actor=OPERATOR
        ),
        lambda mine: users.edit_profile(
            mine.local, first_name="A", last_name="L", email="ada@example.test", actor=OPERATOR
        ),
    ],
    "users.restore_status": [
        lambda mine: users.restore_status([mine.disabled.pk], actor=OPERATOR, details={}),
    ],
    "users.enable_user": [
        lambda mine: users.enable_user(mine.disabled, actor=OPERATOR),
        lambda mine: users.enable_user(mine.leaver, actor=OPERATOR),
    ],
    "users.end_credentials": [lambda mine: users.end_credentials(mine.user)],
    "users.end_sessions": [lambda mine: users.end_sessions(mine.user, actor=OPERATOR)],
    "users.record_login": [lambda mine: users.record_login(mine.user, method="oidc", actor=Person(mine.user))],
    "users.record_session_ended": [lambda mine: users.record_session_ended(mine.user, actor=OPERATOR)],
    "users.set_break_glass": [
        lambda mine: [
            users.change_role(mine.local, "owner", actor=OPERATOR),
            users.set_break_glass(mine.local, True, actor=OPERATOR),
        ]
    ],
    "users.set_password": [lambda mine: users.set_password(mine.local, "a wholly new one", actor=OPERATOR)],
    "users.set_status": [lambda mine: users.set_status(mine.user, Status.DISABLED, actor=OPERATOR)],
}

OF_A_PROVIDER: dict[str, list[Deed]] = {}

READS: dict[str, Asked] = {
    "api_tokens.find_api_token": lambda mine: (api_tokens.find_api_token(mine.api_secret), mine.api_token),
    "deletion.preflight": lambda mine: (
        [group.pk for group in deletion.preflight(mine.user).groups],
        [mine.group.pk, mine.shared.pk],
    ),
    "invitations.find_invitation": lambda mine: (
        invitations.find_invitation(mine.invitation_secret).user,
        mine.invited,
    ),
    "invitations.mail_has_failed": lambda mine: (invitations.mail_has_failed(mine.invited), True),
    "notices.invite": lambda mine: (notices.invite(mine.invited, "secret"), None),
    "notices.reset_password": lambda mine: (notices.reset_password(mine.local, "/reset/"), None),
    "notices.tell_administrators_of_another_person": lambda mine: (
        notices.tell_administrators_of_another_person(mine.conflicts["mia"]),
        None,
    ),
    "notices.tell_administrators_of_break_glass": lambda mine: (
        notices.tell_administrators_of_break_glass(mine.user),
        None,
    ),
    "notices.tell_administrators_of_revival": lambda mine: (notices.tell_administrators_of_revival(mine.user), None),
    "notices.tell_of_security_change": lambda mine: (
        notices.tell_of_security_change(mine.user, SecurityChange.EMAIL),
        None,
    ),
    "notices.tell_owners_of_brake": lambda mine: (notices.tell_owners_of_brake(mine.idp), None),
    "notices.tell_owners_of_trust": lambda mine: (
        notices.tell_owners_of_trust(mine.idp, "Changed", "", actor=OPERATOR),
        None,
    ),
    "users.check_password_strength": lambda mine: (users.check_password_strength(PASSWORD, mine.user), None),
}
