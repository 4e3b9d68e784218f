"""`manage.py show_sso_user`: everything an identity provider sent about a person."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.queries.differences import sides_of, sso_groups_of
from identity.queries.record import everything_sent
from portal.management.answers import Answer
from portal.management.named_rows import find_sso_user
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import sso_user_facts


class Command(OperatorCommand):
    help = (
        "Shows an SSO user: everything that the identity provider sent of the person, the SSO groups that hold them, "
        "and why the portal differs, where it does."
    )
    examples = "manage.py show_sso_user ada@example.com --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_name", help="its userName or SCIM id")
        parser.add_argument("--idp", metavar="NAME", help="needed when several have an SSO user of that name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        sso_user = find_sso_user(options["user_name"], options["idp"])
        return Answer.of(
            {
                **sso_user_facts(sso_user),
                "sent": [
                    {"attribute": one.name, "values": [value.text for value in one.values]}
                    for one in everything_sent(sso_user)
                ],
                "sso_groups": [str(sso_group) for sso_group in sso_groups_of(sso_user)],
                "differences": sides_of(sso_user.user).reasons,
            }
        )
