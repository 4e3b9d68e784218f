"""`manage.py reconcile`: show what differs from what identity providers said last, then apply it (R28)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.db.differing import Pair
from identity.models import User
from identity.queries.drift import drifts_between
from identity.services import reconciling
from portal.management.answers import Answer, Facts
from portal.management.named_rows import find_group, find_identity_provider, find_mapping, find_sso_group, find_user
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import first_names

WHICH = "Say what to reconcile: --user, --mapping, or --idp alone."


class Command(DestroyingCommand):
    help = (
        "Sets status and mapped groups to what the identity provider said last: of a user, of the portal group of a "
        "mapping, or of everyone and everything of an identity provider. Shows what would change, unless --yes is "
        "given. With --fingerprint it applies exactly what was shown, and ends with 7 when that has changed meanwhile. "
        "While SCIM is off, set_mode asks the same when it is switched on."
    )
    examples = (
        "manage.py reconcile --user grace\n"
        "manage.py reconcile --mapping 'Engineering (all)' Engineers --yes\n"
        "manage.py reconcile --idp Okta --yes --fingerprint 5f2c…"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="USERNAME", help="this person")
        parser.add_argument(
            "--mapping", nargs=2, metavar=("SSO_GROUP", "GROUP"), help="the portal group of this mapping"
        )
        parser.add_argument(
            "--idp", metavar="NAME", help="all that it provisions; with --mapping, whose SSO group is meant"
        )
        parser.add_argument("--fingerprint", help="of the preview that was looked at")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        subject = subject_of(options)
        facts = differences_facts(reconciling.differences(subject))
        seen = options["fingerprint"] or facts["fingerprint"]
        reconciling.reconcile(subject, fingerprint=seen, actor=operator)
        return Answer({"reconciled": str(subject), **facts}, f"Reconciled {subject}.", facts)


def subject_of(options: dict[str, Any]) -> reconciling.Subject:
    if bool(options["user"]) + bool(options["mapping"] or options["idp"]) != 1:
        raise CommandError(WHICH, returncode=2)
    if options["user"]:
        return find_user(options["user"])
    if options["mapping"]:
        sso_group, group = options["mapping"]
        return find_mapping(find_sso_group(sso_group, options["idp"]), find_group(group))
    return find_identity_provider(options["idp"])


def differences_facts(found: reconciling.Differences) -> Facts:
    """Counts, the first names, and the fingerprint that identifies exactly these."""
    return {
        "enables": len(found.enables),
        "disables": len(found.disables),
        "enabling": first_names(User.objects.filter(pk__any_of=sorted(found.enables))),
        "disabling": first_names(User.objects.filter(pk__any_of=sorted(found.disables))),
        "joins": len(found.joins),
        "leaves": len(found.leaves),
        "groups": group_names(found.joins | found.leaves),
        "fingerprint": found.fingerprint,
    }


def group_names(moves: frozenset[Pair]) -> list[str]:
    return [drift.group.name for drift in drifts_between(moves, ())]
