"""`manage.py delete_mapping`: preview who leaves, then unmap (R17)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import mappings
from portal.management.answers import Answer
from portal.management.named_rows import find_group, find_mapping, find_sso_group
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import preview_facts


class Command(DestroyingCommand):
    help = (
        "Deletes a mapping. When it is the last one of a portal group, all members stay; when it is one of several, "
        "members brought only by this one leave. Shows who would leave, unless --yes is given. With --fingerprint "
        "it applies exactly what was shown, and ends with 7 when that has changed meanwhile."
    )
    examples = "manage.py delete_mapping 'Engineering (all)' Engineers\nmanage.py delete_mapping Sales Sales --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sso_group", help="its display name or SCIM id")
        parser.add_argument("group", help="the portal group's name")
        parser.add_argument("--idp", metavar="NAME", help="needed when several have an SSO group of that name")
        parser.add_argument("--fingerprint", help="of the preview that was looked at")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        sso_group = find_sso_group(options["sso_group"], options["idp"])
        group = find_group(options["group"])
        mapping = find_mapping(sso_group, group)
        facts = preview_facts(mappings.preview_unmapping(mapping))
        seen = options["fingerprint"] or facts["fingerprint"]
        mappings.delete_mapping(mapping, fingerprint=seen, actor=operator)
        named = {"sso_group": sso_group.display_name, "group": group.name, **facts}
        return Answer(named, f"{sso_group} is no longer mapped to {group}.", facts)
