"""`manage.py set_mode`: the two flags, even when no one can sign in any more (R22)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity import policy
from identity.core.actors import Operator
from identity.core.decisions import Mode, Switch
from identity.core.errors import Refused
from identity.queries import what_if
from identity.queries.drift import Moving, drifts
from identity.services import modes
from portal.management.answers import Answer, Facts
from portal.management.operator_command import ChangingCommand

SCIM = {"on": True, "off": False}
SSO = {"enforced": True, "optional": False}
UNPROVEN = {"no_break_glass_account", "sso_login_not_proven"}
NOTHING_TO_SET = "Say what to set: --scim on|off, --sso enforced|optional, or both."


class Command(ChangingCommand):
    help = (
        "Switches SCIM provisioning on or off, and single sign-on between enforced and optional. What is "
        "left out stays as it is. Where the portal differs from the identity providers, switching SCIM on needs "
        "--follow-idp or --keep. Prints the mode that is in force afterwards; with --what-if, what would change "
        "and who is affected."
    )
    examples = (
        "manage.py set_mode --sso optional            let people use passwords again\n"
        "manage.py set_mode --scim on --what-if       show where the portal differs from the identity providers\n"
        "manage.py set_mode --scim on --follow-idp    and apply what the identity providers said last\n"
        "manage.py set_mode --scim on --keep          or keep it until they send again\n"
        "manage.py set_mode --sso enforced --force    without an owner who has signed in by SSO"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scim", choices=SCIM, help="may identity providers provision?")
        parser.add_argument("--sso", choices=SSO, help="is single sign-on the only way in?")
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--follow-idp",
            action="store_true",
            default=None,
            dest="follow_idp",
            help="when SCIM goes on: give users and mapped groups the state that their IdP last sent",
        )
        choice.add_argument(
            "--keep",
            action="store_false",
            default=None,
            dest="follow_idp",
            help="when SCIM goes on: keep what is here until the IdPs send again",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="enforce SSO although no owner has proven that it works, or no break-glass account exists",
        )
        parser.add_argument(
            "--what-if", action="store_true", help="change nothing; show what would change, and who is affected"
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        if options["scim"] is None and options["sso"] is None:
            raise CommandError(NOTHING_TO_SET, returncode=2)
        now = policy.current_mode()
        wanted = Mode(
            scim_enabled=SCIM.get(options["scim"], now.scim_enabled),
            sso_enforced=SSO.get(options["sso"], now.sso_enforced),
        )
        if options["what_if"]:
            return Answer.of(consequences(Switch(now, wanted)))
        mode = set_mode(wanted, operator, follow_idp=options["follow_idp"], force=options["force"])
        return Answer(mode._asdict(), f"{mode}.")


def set_mode(wanted: Mode, operator: Operator, *, follow_idp: bool | None, force: bool) -> Mode:
    """The service's answer; proofs that a page requires can't be given on a command line."""
    try:
        return modes.set_mode(**wanted._asdict(), follow_idp=follow_idp, force=force, actor=operator)
    except Refused as error:
        if error.code not in UNPROVEN:
            raise
        raise Refused(f"{error.sentence} From here, --force enforces it all the same.", code=error.code) from error


def consequences(switch: Switch) -> Facts:
    """What the two modes allow differently; who is affected by enforcing; who is moved by --follow-idp (R21, R22)."""
    found = what_if.look(what_if.effects(switch))
    return {
        "now": str(switch.before),
        "then": str(switch.after),
        "policy": [
            {"action": row.action, "now": row.before, "then": row.after} for row in what_if.changed_cells(switch)
        ],
        "effects": [effect_facts(touched) for touched in found],
        **(drift_facts() if switch.starts_scim else {}),
    }


def effect_facts(touched: what_if.Touched) -> Facts:
    return {
        "effect": touched.effect.code,
        "title": touched.effect.title,
        "count": touched.count,
        "is_capped": touched.is_capped,
        "first": [user.username for user in touched.named],
    }


def drift_facts() -> Facts:
    return {
        "groups": [
            {"group": drift.group.name, "joining": moving_facts(drift.joins), "leaving": moving_facts(drift.leaves)}
            for drift in drifts()
        ]
    }


def moving_facts(moving: Moving) -> Facts:
    return {"count": moving.count, "first": [user.username for user in moving.named]}
