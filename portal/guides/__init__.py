"""Set-up guides: what to do at each kind of identity provider.

Each is written once, in the TOML file of its kind beside this module, with the vendor's pages it was checked against.
The set-up page shows it with this portal's own URLs, and `make docs` writes it into docs/connect-*.md.

Texts may contain `*menu of the vendor*`, `**emphasis**` and `` `value` ``, and no other Markdown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from identity.models import IdentityProvider

Kind = IdentityProvider.Kind

FROM_STEP_1 = "the token of step 1"

# What the portal does with each attribute: the same for all kinds.
ATTRIBUTES = {
    "userName": ("userName", "becomes the username. **It is permanent**"),
    "email": ('emails[type eq "work"].value', "the email, taken at first provisioning"),
    "name": ("name.givenName, name.familyName", "follow every change"),
    "externalId": ("externalId", "kept. People are known by it when they first sign in"),
    "active": ("active", "Enabled or Disabled"),
}

# What happens in the portal, where a guide's row has just one of these words.
HERE = {
    "new": """a new user; or the existing one with the same username and email is taken over, with its groups and
    assets""",
    "off": "Disabled, signed out everywhere. Groups and assets stay",
    "again": "Enabled again, the same user",
    "name": "the name follows",
    "username": """the record here shows it, the portal's username and email stay. The provisioning log says so""",
}

# Of a kind whose SCIM client is not known to sign assertions.
NO_TRUST = {
    "notes": [
        """As far as its documentation says, it signs no assertions: use a token. If it can (RFC 7523,
        `private_key_jwt`), trust its client instead."""
    ]
}

_MARKS = re.compile(r"\*\*(?P<strong>.+?)\*\*|\*(?P<menu>.+?)\*|`(?P<code>.+?)`")


class Piece(NamedTuple):
    """A run of text: `kind` is strong, menu, code, or empty for plain words."""

    kind: str
    text: str


class GuideText(str):
    """A guide's text on one line; as a string it is the Markdown that docs/ shows."""

    def __new__(cls, written: str) -> GuideText:
        return super().__new__(cls, " ".join(written.split()))

    @property
    def pieces(self) -> list[Piece]:
        """The text split at its marks, for a page."""
        return list(self._pieces())

    @property
    def plain(self) -> str:
        """The text without its marks, for a mail or a message."""
        return "".join(piece.text for piece in self.pieces)

    def _pieces(self) -> Iterator[Piece]:
        end = 0
        for mark in _MARKS.finditer(self):
            yield Piece("", self[end : mark.start()])
            yield Piece(mark.lastgroup or "", mark[mark.lastgroup or 0])
            end = mark.end()
        yield Piece("", self[end:])


@dataclass(frozen=True, slots=True)
class Box:
    """A field in the identity provider's form; a value to copy is exactly what to enter."""

    label: str
    value: str
    can_be_copied: bool


@dataclass(frozen=True, slots=True)
class GuidePart:
    """One part of the set-up: the steps in order, and notes."""

    steps: list[GuideText]
    notes: list[GuideText]


@dataclass(frozen=True, slots=True)
class Trouble:
    """The identity provider's error, its cause, and the fix."""

    shows: GuideText
    why: GuideText
    do: GuideText


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything about one kind; `changes` pairs changes there with their effects here.

    `trust` is how its SCIM client comes without a stored secret. `template` is a text to paste at the identity
    provider, under `template_label`; most have none. `retry` says how to resend a refused person, `resync` who
    repeats what, and `sources` links the vendor's documentation.
    """

    name: str
    checked: date
    fields: list[dict[str, Any]]
    test: GuideText
    retry: GuideText
    log: GuideText
    trust: GuidePart
    connection: GuidePart
    attributes: list[tuple[GuideText, str, GuideText]]
    advice: list[GuideText]
    template: str
    template_label: str
    people: GuidePart
    changes: list[tuple[GuideText, GuideText]]
    groups: GuidePart
    check: GuidePart
    trouble: list[Trouble]
    resync: list[GuideText]
    sources: list[str]

    def filled_in(self, base_url: str) -> list[Box]:
        """The fields of the identity provider's form, with this portal's own URLs."""
        return [_box(field, base_url) for field in self.fields]


def guide_of(provider: IdentityProvider) -> Guide:
    """The guide for a provider's kind."""
    return guide_for(Kind(provider.kind))


@cache
def guide_for(kind: Kind) -> Guide:
    """The guide of a kind, read from its file once."""
    told = tomllib.loads((Path(__file__).parent / f"{kind.value}.toml").read_text(encoding="utf-8"))
    attributes, people = told["attributes"], told["people"]
    return Guide(
        name=told["name"],
        checked=told["checked"],
        fields=told["fields"],
        test=GuideText(told["test"]),
        retry=GuideText(told["retry"]),
        log=GuideText(told["log"]),
        trust=_part(told.get("trust", NO_TRUST)),
        connection=_part(told["connection"]),
        attributes=[(GuideText(attributes[key]), scim, GuideText(here)) for key, (scim, here) in ATTRIBUTES.items()],
        advice=_texts(attributes, "advice"),
        template=attributes.get("template", "").strip(),
        template_label=attributes.get("template_label", ""),
        people=_part(people),
        changes=[(GuideText(row["there"]), GuideText(HERE.get(row["here"], row["here"]))) for row in people["changes"]],
        groups=_part(told["groups"]),
        check=_part(told["check"]),
        trouble=[Trouble(*(GuideText(row[key]) for key in ("shows", "why", "do"))) for row in told["trouble"]["rows"]],
        resync=_texts(told["resync"], "facts"),
        sources=told["sources"],
    )


def _part(told: dict[str, Any]) -> GuidePart:
    return GuidePart(_texts(told, "steps"), _texts(told, "notes"))


def _texts(told: dict[str, Any], key: str) -> list[GuideText]:
    return [GuideText(text) for text in told.get(key, ())]


def _box(field: dict[str, Any], base_url: str) -> Box:
    value = field["value"].format(base_url=base_url, token=FROM_STEP_1)
    return Box(field["label"], value, field["value"] != "{token}" and not field.get("choose", False))
