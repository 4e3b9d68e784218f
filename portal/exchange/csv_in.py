"""Reading people from a CSV file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from identity.core.errors import InvalidValue
from identity.core.keys import sought

COLUMNS = ("username", "email", "first_name", "last_name")
NEEDED = ("username", "email")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A person in a file: the line, its values, and why it can't be used, if so."""

    number: int
    said: Row
    problem: str = ""


def read_people(text: str) -> list[Line]:
    """The four columns of each non-empty line; other columns are ignored.

    Cells are separated by commas, semicolons or tabs, headings may be in any case and with spaces. The
    apostrophe that an export puts before formulas is removed (SR-28). Raises InvalidValue("file") when
    username or email is missing in the headings, a column is repeated, or it is not CSV.
    """
    if "\0" in text:
        raise InvalidValue("file", "is no CSV: there is a NUL character in it")
    try:
        return list(_lines(text))
    except csv.Error as error:
        raise InvalidValue("file", f"can't be read: {error}") from error


def _lines(text: str) -> Iterator[Line]:
    first = next(iter(text.splitlines()), "")
    delimiter = next((mark for mark in ("\t", ";") if mark in first), ",")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headings = [_heading(cell) for cell in next(reader, [])]
    _check(headings)
    for cells in reader:
        said = dict.fromkeys(COLUMNS, "") | {
            heading: plain_cell(cell) for heading, cell in zip(headings, cells, strict=False) if heading in COLUMNS
        }
        if any(said.values()):
            is_longer = len(cells) > len(headings)
            yield Line(reader.line_num, said, "This line has more cells than there are headings." if is_longer else "")


def _heading(cell: str) -> str:
    return "_".join(re.findall(r"[^\W_]+", sought(cell)))


def _check(headings: list[str]) -> None:
    missing = sorted(set(NEEDED).difference(headings))
    if missing:
        raise InvalidValue("file", f"has no column {' and no column '.join(missing)}")
    twice = [heading for heading, number in Counter(headings).items() if heading in COLUMNS and number > 1]
    if twice:
        raise InvalidValue("file", f"has more than one column {twice[0]}")


def plain_cell(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text
