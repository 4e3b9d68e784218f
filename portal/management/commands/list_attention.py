"""`manage.py list_attention`: what needs an administrator's attention."""

from collections.abc import Iterable
from typing import Any

from identity.queries.attention import Matter, what_waits
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists what waits for an administrator, the most pressing first, as the dashboard does."
    examples = "manage.py list_attention"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(matter_facts, what_waits())


def matter_facts(matter: Matter) -> Facts:
    return {
        "matter": matter.code,
        "number": matter.number,
        "urgent": matter.urgent,
        "sentence": matter.sentence,
        "meaning": matter.meaning,
    }
