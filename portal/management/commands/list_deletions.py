"""`manage.py list_deletions`: permanently deleted users, by number."""

from collections.abc import Iterable
from typing import Any

from identity.models import DeletionRecord
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the deletion records: numbers, when, who deleted and why. Names are gone."
    examples = "manage.py list_deletions"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(deletion_facts, DeletionRecord.objects.iterator(2000))


def deletion_facts(record: DeletionRecord) -> Facts:
    return {
        "id": record.pk,
        "user_id": record.user_id,
        "deleted_by_id": record.deleted_by_id,
        "deleted_at": record.deleted_at,
        "reason": record.reason,
        "scim_ids": record.scim_ids,
    }
