"""`manage.py show_log_entry`: one row of the provisioning log, with what was sent."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.models import ProvisioningLog
from identity.queries.sent_requests import sent_with
from portal.management.answers import Answer
from portal.management.commands.list_provisioning_log import log_facts
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Shows a row of the provisioning log with what the identity provider sent, for as long as that is kept: "
        "attributes that the portal knows, never a password. With --curl as a command to send it again, in which TOKEN "
        "stands for a token."
    )
    examples = "manage.py show_log_entry 4711\nmanage.py show_log_entry 4711 --curl"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_provisioning_log shows it")
        parser.add_argument("--curl", action="store_true", help="the command alone")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        row = ProvisioningLog.objects.select_related("identity_provider").filter(pk=options["id"]).first()
        if row is None:
            raise CommandError(f"There is no row {options['id']} in the provisioning log.")
        sent = sent_with(row)
        if options["curl"]:
            if sent is None:
                raise CommandError("What was sent is not kept.")
            return Answer({"curl": sent.curl}, sent.curl)
        kept = sent and {
            "path": sent.asked.path,
            "attributes": sent.attributes,
            "body": sent.asked.body,
            "is_whole": sent.is_whole,
        }
        return Answer.of({**log_facts(row), "request": kept})
