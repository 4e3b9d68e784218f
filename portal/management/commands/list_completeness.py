"""`manage.py list_completeness`: how much of each mapping has arrived."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from identity.db.keyset import batches
from identity.models import GroupMapping
from identity.queries.completeness import MOST_ON_A_PAGE, Completeness, completeness_of
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = (
        "Lists how much of each mapping has arrived: the members that were pushed, how many of them are in the portal "
        "group, how many are disabled, and who would leave if the identity provider deleted the SSO group. Groups of "
        "very many people are not counted."
    )
    examples = "manage.py list_completeness --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only what this identity provider pushes")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = GroupMapping.objects.select_related("sso_group__identity_provider", "group")
        if options["idp"]:
            rows = rows.filter(sso_group__identity_provider=find_identity_provider(options["idp"]))
        return map(completeness_facts, _counted(rows))


def _counted(rows: Any) -> Iterator[Completeness]:
    for batch in batches(rows):
        yield from completeness_of(rows.filter(pk__in=[row.pk for row in batch]), most=MOST_ON_A_PAGE)


def completeness_facts(found: Completeness) -> Facts:
    mapping = found.mapping
    return {
        "sso_group": mapping.sso_group.display_name,
        "identity_provider": mapping.sso_group.identity_provider.name,
        "group": mapping.group.name,
        "pushed": found.pushed,
        "applied": found.applied,
        "disabled": found.disabled,
        "leaving": found.leaving,
        "is_complete": found.is_complete,
    }
