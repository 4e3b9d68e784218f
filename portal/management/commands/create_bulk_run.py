"""`manage.py create_bulk_run`: one action on many people, with a result for each."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.core.errors import InvalidValue
from identity.models import BulkRun
from identity.services import bulk_runs
from portal.management.answers import Answer
from portal.management.named_rows import find_group, find_users
from portal.management.operator_command import DestroyingCommand, lines_of
from portal.management.row_facts import run_facts

Kind = BulkRun.Kind
KINDS = [kind for kind in Kind if kind is not Kind.INVITE]  # import_users does that
AS_LONG_AS_IT_TAKES = float("inf")


class Command(DestroyingCommand):
    help = (
        "Does one action to many people, each a change of its own: who can't be changed is left alone with the "
        "reason, and the others are done. Shows how many, unless --yes is given; list_bulk_rows lists the result of "
        "each. import_users invites people from a file."
    )
    examples = (
        "manage.py create_bulk_run disable ada grace --yes\n"
        "manage.py create_bulk_run add_to_groups - --group Builders --yes < usernames.txt"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=[kind.value for kind in KINDS])
        parser.add_argument("usernames", nargs="+", metavar="username", help="'-': one a line from standard input")
        parser.add_argument("--group", action="append", default=[], metavar="NAME", help="to add them to; repeatable")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        kind = Kind(options["kind"])
        if (kind is Kind.ADD_TO_GROUPS) != bool(options["group"]):
            raise CommandError("--group names the groups of add_to_groups, and of nothing else.", returncode=2)
        groups = [find_group(name) for name in options["group"]]
        people = find_users(lines_of(options["usernames"]))
        if not people:
            raise InvalidValue("usernames", "names no one")
        values = {"groups": [group.pk for group in groups]} if groups else None
        wanted = bulk_runs.rows_for(kind, people, actor=operator)
        run = bulk_runs.create_run(kind, wanted, values=values, actor=operator)
        bulk_runs.work_on(run, seconds=AS_LONG_AS_IT_TAKES, actor=operator)
        facts = run_facts(run)
        return Answer(facts, f"{run}: {facts['done']} of {len(people)} done.")
