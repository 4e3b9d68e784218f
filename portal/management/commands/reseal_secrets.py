"""`manage.py reseal_secrets`: after a SECRET_KEY rotation."""

from typing import Any

from identity.core.actors import Operator
from identity.services.resealing import HOLDERS, Count, reseal_all
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "After SECRET_KEY was rotated: seals anew, with the key of now, what is encrypted with one of "
        "SECRET_KEY_FALLBACKS (client secrets, second steps, the keys of digests, answers to retried "
        "requests, queued mails). It can be stopped and run again, beside a portal that runs. When `doctor` finds "
        "nothing under an earlier key any more, that key can go."
    )
    examples = "manage.py reseal_secrets --dry-run\nmanage.py reseal_secrets"

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        counts = reseal_all(HOLDERS, really=not self.is_dry_run(options), actor=operator)
        old, lost = (sum(getattr(count, column) for count in counts) for column in ("old", "lost"))
        facts = {"resealed": old, "unreadable": lost, "secrets": [_facts(count) for count in counts]}
        return Answer(facts, f"Secrets sealed anew: {old}. Unreadable with any key: {lost}.")


def _facts(count: Count) -> dict[str, Any]:
    return {"what": count.name, "current": count.current, "old": count.old, "unreadable": count.lost}
