"""What a page offers by GET: its links to itself, and the fields of its forms with their choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs


@dataclass(slots=True)
class Offered:
    """The queries of links such as `?o=-1`; the names of text fields; the values of those that choose."""

    links: list[dict[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def values(self, name: str) -> list[str]:
        """What the links say for this parameter, each once."""
        return list(dict.fromkeys(link[name] for link in self.links if name in link))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Offered()
        self.by_get = False
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        match tag:
            case "a" if at.get("href", "").startswith("?"):
                query = parse_qs(at["href"][1:])
                self.found.links.append({name: values[-1] for name, values in query.items()})
            case "form":
                self.by_get = at.get("method", "get").lower() == "get"
            case "select" if self.by_get:
                self.select = at["name"]
            case "option" if self.select and at.get("value"):
                self._choose(self.select, at["value"])
            case "input" if self.by_get and at.get("name"):
                self._field(at["name"], at.get("type", "text"), at.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "form":
            self.by_get = False

    def _field(self, name: str, kind: str, value: str) -> None:
        if kind in {"radio", "checkbox"}:
            if value:
                self._choose(name, value)
        elif kind != "hidden":
            self.found.texts.append(name)

    def _choose(self, name: str, value: str) -> None:
        self.found.choices.setdefault(name, []).append(value)


def offered_by(html: str) -> Offered:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.found
