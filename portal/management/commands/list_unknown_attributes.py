"""`manage.py list_unknown_attributes`: what an identity provider sends and the portal doesn't know."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = (
        "Lists the attributes and extensions that an identity provider sends and the portal doesn't know, how often "
        "and until when. They are counted, not stored; an empty name counts those beyond the most that are named."
    )
    examples = "manage.py list_unknown_attributes Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = find_identity_provider(options["name"]).unknown_attributes.all()
        names = ("resource_type", "name", "times", "first_at", "last_at")
        return ({name: getattr(row, name) for name in names} for row in rows)
