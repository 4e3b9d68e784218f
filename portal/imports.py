"""Reading the people of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from identity.errors import InvalidValue

COLUMNS = ("username", "email", "first_name", "last_name")

Row = dict[str, str]


def read_people(lines: Iterable[str]) -> list[Row]:
    """The four columns of each line that is not empty; other columns are ignored.

    The apostrophe that an export puts before formulas is taken off (SR-28). Raises InvalidValue("file") when the
    headings miss username or email, or when it is no CSV.
    """
    try:
        reader = csv.DictReader(map(_without_nul, lines))
        missing = {"username", "email"}.difference(reader.fieldnames or ())
        if missing:
            raise InvalidValue("file", f"has no column {' and no column '.join(sorted(missing))}")
        rows = [{column: plain_cell(line.get(column)) for column in COLUMNS} for line in reader]
    except csv.Error as error:
        raise InvalidValue("file", f"can't be read: {error}") from error
    return [row for row in rows if any(row.values())]


def _without_nul(line: str) -> str:
    """The line, if a database can keep it."""
    if "\0" in line:
        raise InvalidValue("file", "is no CSV: there is a NUL character in it")
    return line


def plain_cell(cell: str | None) -> str:
    text = (cell or "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text
