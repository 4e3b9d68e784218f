"""The guides as Markdown: what `make docs` writes between the marks of docs/connect-*.md."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

from portal.guides import Guide, GuidePart, GuideText, Kind, guide_for

BASE_URL = "https://portal.example.com/scim/v2"
WIDTH = 120

_BLOCK = re.compile(r"<!-- guide: (?P<kind>\w+) (?P<part>\w+) -->\n.*?<!-- end of guide -->", re.DOTALL)


def written_into(page: str) -> str:
    """A page of docs/ with the blocks between its marks as the guides say now."""
    return _BLOCK.sub(_block, page)


def blocks_of(page: str) -> set[tuple[str, str]]:
    """(kind, part) of each block of a page."""
    return {(mark["kind"], mark["part"]) for mark in _BLOCK.finditer(page)}


def _block(mark: re.Match[str]) -> str:
    kind, part = mark["kind"], mark["part"]
    text = PARTS[part](guide_for(Kind(kind)))
    return f"<!-- guide: {kind} {part} -->\n\n{text}\n\n<!-- end of guide -->"


def _fields(guide: Guide) -> str:
    boxes = guide.filled_in(BASE_URL)
    rows = [(f"*{box.label}*", f"`{box.value}`" if box.can_be_copied else box.value) for box in boxes]
    return _table(("field", "value"), rows)


def _trust(guide: Guide) -> str:
    return _part(guide.trust)


def _connection(guide: Guide) -> str:
    return _part(guide.connection)


def _attributes(guide: Guide) -> str:
    rows = [(", ".join(f"`{one}`" for one in scim.split(", ")), there, here) for there, scim, here in guide.attributes]
    table = _table(("SCIM attribute", f"from {guide.name}", "what the portal does with it"), rows)
    return _joined(table, _bullets(guide.advice), _template(guide))


def _template(guide: Guide) -> str:
    return f"*{guide.template_label}*:\n\n```json\n{guide.template}\n```" if guide.template else ""


def _people(guide: Guide) -> str:
    table = _table((f"at {guide.name}", "in the portal"), guide.changes)
    return _joined(_numbered(guide.people.steps), table, _bullets(guide.people.notes))


def _groups(guide: Guide) -> str:
    return _part(guide.groups)


def _check(guide: Guide) -> str:
    return _part(guide.check)


def _trouble(guide: Guide) -> str:
    rows = [(row.shows, row.why, row.do) for row in guide.trouble]
    return _joined(
        _wrapped(f"At {guide.name}: {guide.log}"), _table((f"{guide.name} shows", "why", "what to do"), rows)
    )


def _resync(guide: Guide) -> str:
    return _bullets([*guide.resync, GuideText(f"To send one person again: {guide.retry}")])


def _sources(guide: Guide) -> str:
    told = f"Checked on {guide.checked:%Y-%m-%d} against the vendor's documentation, not in a live tenant:"
    return _joined(told, "\n".join(f"- <{source}>" for source in guide.sources))


PARTS: dict[str, Callable[[Guide], str]] = {
    "fields": _fields,
    "trust": _trust,
    "connection": _connection,
    "attributes": _attributes,
    "people": _people,
    "groups": _groups,
    "check": _check,
    "trouble": _trouble,
    "resync": _resync,
    "sources": _sources,
}


def _part(part: GuidePart) -> str:
    return _joined(_numbered(part.steps), _bullets(part.notes))


def _joined(*blocks: str) -> str:
    return "\n\n".join(block for block in blocks if block)


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(_wrapped(step, f"{number}. ") for number, step in enumerate(steps, 1))


def _bullets(notes: Iterable[str]) -> str:
    return "\n".join(_wrapped(note, "- ") for note in notes)


def _wrapped(text: str, mark: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
