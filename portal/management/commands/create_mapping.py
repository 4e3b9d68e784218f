"""`manage.py create_mapping`: preview who joins and who leaves, then map (R15)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import mappings
from portal.management.answers import Answer
from portal.management.named_rows import find_group, find_sso_group
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import preview_facts


class Command(DestroyingCommand):
    help = (
        "Maps an SSO group to a portal group: while SCIM is on, the portal group then has exactly the members of its "
        "SSO groups. Shows who would join and who would leave, unless --yes is given. With --fingerprint it applies "
        "exactly what was shown, and ends with 7 when that has changed meanwhile."
    )
    examples = (
        "manage.py create_mapping 'Engineering (all)' Engineers\n"
        "manage.py create_mapping 'Engineering (all)' Engineers --yes --fingerprint 5f2c…"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sso_group", help="its display name or SCIM id")
        parser.add_argument("group", help="the portal group's name")
        parser.add_argument("--idp", metavar="NAME", help="needed when several have an SSO group of that name")
        parser.add_argument("--fingerprint", help="of the preview that was looked at")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        sso_group = find_sso_group(options["sso_group"], options["idp"])
        group = find_group(options["group"])
        facts = preview_facts(mappings.preview_mapping(sso_group, group))
        seen = options["fingerprint"] or facts["fingerprint"]
        mappings.apply_mapping(sso_group, group, fingerprint=seen, actor=operator)
        named = {"sso_group": sso_group.display_name, "group": group.name, **facts}
        return Answer(named, f"Mapped {sso_group} to {group}.", facts)
