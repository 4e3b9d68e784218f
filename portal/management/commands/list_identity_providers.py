"""`manage.py list_identity_providers`: which directories provision people here."""

from collections.abc import Iterable
from typing import Any

from identity import policy
from identity.models import IdentityProvider
from identity.queries.rhythm import activities
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import activity_facts, provider_facts


class Command(ListCommand):
    help = "Lists the identity providers: when each was last heard of (UTC), and whether it fell silent."
    examples = "manage.py list_identity_providers"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = IdentityProvider.objects.all()
        found = activities(rows, scim_enabled=policy.current_mode().scim_enabled)
        return ({**provider_facts(activity.provider), **activity_facts(activity)} for activity in found)
