"""`manage.py set_mode`: the two flags, also when nobody can sign in any more (R22)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity import policy
from identity.actors import Operator
from identity.errors import Refused
from identity.models import Mode
from identity.services import access
from portal.management.operator_command import OperatorCommand

SCIM = {"on": True, "off": False}
SSO = {"enforced": True, "optional": False}
UNPROVEN = {"no_break_glass_account", "sso_login_not_proven"}
NOTHING_TO_SET = "Say what to set: --scim on|off, --sso enforced|optional, or both."


class Command(OperatorCommand):
    help = (
        "Switches SCIM provisioning on or off, and single sign-on between enforced and optional. What is "
        "left out stays as it is. Prints the mode that is in force afterwards."
    )
    examples = (
        "manage.py set_mode --sso optional            let people use passwords again\n"
        "manage.py set_mode --scim on --follow-idp    and apply what the identity providers said last\n"
        "manage.py set_mode --sso enforced --force    without an owner who has signed in by SSO"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scim", choices=SCIM, help="may identity providers provision?")
        parser.add_argument("--sso", choices=SSO, help="is single sign-on the only way in?")
        parser.add_argument(
            "--follow-idp",
            action="store_true",
            help="when SCIM goes on: give users and mapped groups the state that their IdP last sent",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="enforce SSO although no owner has proven that it works, or no break-glass account exists",
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if options["scim"] is None and options["sso"] is None:
            raise CommandError(NOTHING_TO_SET, returncode=2)
        now = policy.current_mode()
        wanted = Mode(
            scim_enabled=SCIM.get(options["scim"], now.scim_enabled),
            sso_enforced=SSO.get(options["sso"], now.sso_enforced),
        )
        mode = set_mode(wanted, operator, follow_idp=options["follow_idp"], force=options["force"])
        self.stdout.write(f"{mode}.")


def set_mode(wanted: Mode, operator: Operator, *, follow_idp: bool, force: bool) -> Mode:
    """The service's answer; what a page asks to prove first, nobody can prove on a command line."""
    try:
        return access.set_mode(**wanted._asdict(), follow_idp=follow_idp, force=force, actor=operator)
    except Refused as error:
        if error.code not in UNPROVEN:
            raise
        raise Refused(f"{error.sentence} From here, --force enforces it all the same.", code=error.code) from error
