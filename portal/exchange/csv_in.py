"""Reading CSV files: people to invite, and userNames to compare."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from identity.core.errors import InvalidValue
from identity.core.keys import sought
from identity.core.refusals import Refusal
from identity.queries.mismatches import Sent

COLUMNS = ("username", "email", "first_name", "last_name")
NEEDED = ("username", "email")

USER_NAME_HEADINGS = frozenset({"username", "userprincipalname", "upn", "login", "user"})
EMAIL_HEADINGS = frozenset({"email", "mail", "primaryemail", "emailaddress", "workemail"})

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A person in a file: the line, its values, and why it can't be used, if so."""

    number: int
    said: Row
    problem: str = ""


def read_people(text: str) -> list[Line]:
    """The four columns of each line with a person; other columns are ignored, headings may have spaces.

    Raises InvalidValue("file") when username or email is missing in the headings, a column is repeated, or it is not
    CSV.
    """
    return list(_people(text))


def _people(text: str) -> Iterator[Line]:
    lines = _lines(text, "file")
    headings = [_heading(cell) for cell in next(lines, (1, []))[1]]
    _check(headings)
    for number, cells in lines:
        said = dict.fromkeys(COLUMNS, "") | {
            heading: cell for heading, cell in zip(headings, cells, strict=False) if heading in COLUMNS
        }
        if any(said.values()):
            is_longer = len(cells) > len(headings)
            yield Line(number, said, Refusal.MORE_CELLS() if is_longer else "")


def _check(headings: list[str]) -> None:
    missing = sorted(set(NEEDED).difference(headings))
    if missing:
        raise InvalidValue("file", f"has no column {' and no column '.join(missing)}")
    twice = [heading for heading, number in Counter(headings).items() if heading in COLUMNS and number > 1]
    if twice:
        raise InvalidValue("file", f"has more than one column {twice[0]}")


def read_names(text: str) -> list[Sent]:
    """The userNames in a list: one per line, with the email beside it if known.

    With a header line the columns may be in any order, among others. Repeated names count once. Raises
    InvalidValue("list") for anything else.
    """
    rows = [cells for _, cells in _lines(text, "list")]
    name_at, email_at, is_heading = _columns(rows[0]) if rows else (0, 1, False)
    found = (Sent(_cell(row, name_at), _cell(row, email_at)) for row in rows[is_heading:])
    return list({sent.key: sent for sent in found if sent.user_name}.values())


def _columns(first: list[str]) -> tuple[int, int, bool]:
    """The columns of userName and email, and whether the first line is a header."""
    headings = [_heading(cell).replace("_", "") for cell in first]
    names = [at for at, heading in enumerate(headings) if heading in USER_NAME_HEADINGS]
    emails = [at for at, heading in enumerate(headings) if heading in EMAIL_HEADINGS]
    if not names and not emails:
        return 0, 1, False
    return (names or emails)[0], (emails or [-1])[0], True


def _cell(row: list[str], at: int) -> str:
    return row[at] if 0 <= at < len(row) else ""


# --- what both read ---


def _lines(text: str, what: str) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each line that is not empty.

    Cells are separated by commas, semicolons or tabs. The apostrophe that an export puts before formulas is removed
    (SR-28). Raises InvalidValue(what) when it is not CSV.
    """
    if "\0" in text:
        raise InvalidValue(what, "can't be read: there is a NUL character in it")
    text = text.removeprefix("\ufeff")
    first = next(filter(str.strip, text.splitlines()), "")
    delimiter = next((mark for mark in ("\t", ";") if mark in first), ",")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [plain_cell(cell) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InvalidValue(what, f"can't be read: {error}") from error


def _heading(cell: str) -> str:
    return "_".join(re.findall(r"[^\W_]+", sought(cell)))


def plain_cell(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text
