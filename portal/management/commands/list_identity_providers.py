"""`manage.py list_identity_providers`: which directories provision people here."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Max

from identity.models import IdentityProvider
from portal.management.answers import Facts
from portal.management.facts import provider_facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the identity providers, and when each was last heard of (UTC)."
    examples = "manage.py list_identity_providers"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = IdentityProvider.objects.annotate(last_heard_at=Max("scim_tokens__last_used_at"))
        return ({**provider_facts(provider), "last_heard_at": provider.last_heard_at} for provider in rows)
