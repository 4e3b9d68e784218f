"""`manage.py export_users`: the directory as CSV."""

from collections.abc import Iterator
from typing import Any

from identity.core.actors import Operator
from identity.models import User
from portal.exchange.csv_out import USER_COLUMNS, csv_lines, user_cells
from portal.management.operator_command import OperatorCommand, json_lines
from portal.management.progress import progress

ROWS_AT_ONCE = 2000


class Command(OperatorCommand):
    help = (
        "Writes all users as CSV to standard output. A cell that a spreadsheet would take for a formula begins "
        "with an apostrophe. import_users reads the first four columns. With --json the same as one array."
    )
    examples = "manage.py export_users > users.csv"

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        rows = progress(all_rows(), total=User.objects.count(), unit="users")
        if options["as_json"]:
            for line in json_lines(dict(zip(USER_COLUMNS, row, strict=True)) for row in rows):
                self.stdout.write(line)
            return
        for line in csv_lines(USER_COLUMNS, rows):
            self.stdout.write(line, ending="")


def all_rows() -> Iterator[tuple[object, ...]]:
    users = User.objects.select_related("managed_by").prefetch_related("portal_groups").order_by("username_key")
    for user in users.iterator(ROWS_AT_ONCE):
        yield user_cells(user)
