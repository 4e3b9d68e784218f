"""`manage.py set_retention`: how long a kind of record is kept."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.db.counting import so_many
from identity.services import retention
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "Chooses how many days a kind of record is kept; 0 keeps it for good. The portal lets go of what is older by "
        "itself, every night. Where the environment says how long, it stays with that."
    )
    examples = "manage.py set_retention provisioning_log 90\nmanage.py set_retention personal_values 0"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("record", choices=list(retention.BY_NAME))
        parser.add_argument("days", type=int)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        name = options["record"]
        retention.choose({name: options["days"]}, actor=operator)
        period = retention.period_of(name)
        older = period.number_older()
        facts = {"record": name, "days": period.days, "said_by": period.source.value, "older": older}
        text = f"{period.record.title}: kept {'' if not period.days else 'for '}{period.in_words}."
        going = f" At the next run: {so_many(older, period.record.rows)}." if period.days else ""
        return Answer(facts, text + going)
