"""The words of the provisioning log: rows are stored as data and worded when shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

from identity.core.words import Sentence, as_data, worded


class What(TextChoices):
    """What was done, or why nothing was: a row's code and its words. The parameters are stored with it."""

    CREATED = "created", "Created {name} ({username}), {status}."
    ADOPTED = "adopted", "Adopted the existing account of {name} ({username}), {status}."
    LINKED = "linked", "Linked, as an administrator approved, {name} ({username}), {status}."
    REVIVED = "revived", "Revived {name} ({username}), {status}."
    REVIVED_BY_EXTERNAL_ID = "revived_by_external_id", "Revived by the externalId {name} ({username}), {status}."
    SET_ACTIVE = "set_active", "Set {name} active."
    SET_INACTIVE = "set_inactive", "Set {name} inactive."
    UPDATED = "updated", "Updated {name}."
    NOTHING_TO_CHANGE = "nothing_to_change", "Nothing to change for {name}."
    REMOVED = "removed", "Removed {name} ({username}): disabled, kept in the portal."

    GROUP_PUSHED = "group_pushed", "Pushed group {name}"
    GROUP_CHANGED = "group_changed", "Renamed or changed group {name}"
    GROUP_MEMBERS_CHANGED = "group_members_changed", "Changed the members of {name}"
    GROUP_DELETED = "group_deleted", "Deleted group {name}"

    # `sentence` is the answer: `said` in words, or the words of a library or of an earlier version, as they were.
    REFUSED = "refused", "{sentence}"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in of {name} was refused: {sentence}"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in did not work: {sentence}"

    ERASED = "erased", "Erased with the user."


class Why(TextChoices):
    """Why part of a request was ignored; `said` is the error it would have been."""

    UNKNOWN = "unknown", "{attribute} is no attribute that the portal knows"
    REFUSED = "refused", "{attribute} can't be taken ({said})"
    INVALID = "invalid", "{attribute} {said}"


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A part of a request that was ignored."""

    attribute: str
    why: Why
    said: str = ""

    def as_data(self) -> dict[str, Any]:
        said = {"said": as_data(self.said)} if self.said else {}
        return {"attribute": self.attribute, "why": self.why.value, **said}


_GROUPS = {What.GROUP_PUSHED, What.GROUP_CHANGED, What.GROUP_MEMBERS_CHANGED, What.GROUP_DELETED}
_COUNTS = {
    "added": "added",
    "removed": "removed",
    "joined": "joined portal groups",
    "left": "left portal groups",
    "skipped": "no longer exist and were skipped",
    "nested": "are groups and were skipped",
}


def in_words(what: str, params: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """A row's sentences: what was done, then what was ignored or left out.

    A code known only to another version of the portal is shown as it is.
    """
    known = What(what).label if what in What.values else f"{what.replace('_', ' ').capitalize()}."
    head = known.format_map(_Named(shown_params(params)))
    if what in _GROUPS:
        counts = ", ".join(_counts(details))
        head = f"{head}: {counts}." if counts else f"{head}."
    return " ".join([head, *_not_taken_over(details), *_left_out(details), *_shared(details)])


def left_out_in_words(entry: object) -> str:
    """One thing that was left out; rows of earlier versions have the words themselves."""
    match entry:
        case {"why": why} if why in Why.values:
            return str(Why(why).label).format_map(_with_words(entry))
    return str(entry)


def refusal_as_data(sentence: str) -> dict[str, Any]:
    """What is stored of a refusal: `said`, a code with parameters; or `sentence`, words that are not the portal's."""
    return {"said": sentence.data} if isinstance(sentence, Sentence) else {"sentence": str(sentence)}


def refusal_in_words(stored: Mapping[str, Any]) -> str:
    """The sentence of what `refusal_as_data` stored; empty without one."""
    return worded(stored["said"]) if "said" in stored else str(stored.get("sentence", ""))


def shown_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """A row's parameters, with the sentence of a refusal in words."""
    return {**params, "sentence": refusal_in_words(params)} if "said" in params else dict(params)


def shown_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """A row's details, with what is stored as data in words."""
    shown = dict(details)
    if "what_to_do" in shown:
        shown["what_to_do"] = worded(shown["what_to_do"])
    if "left_out" in shown:
        shown["left_out"] = [_with_words(entry) for entry in shown["left_out"]]
    return shown


def _with_words(entry: Any) -> Any:
    if isinstance(entry, dict) and "said" in entry:
        return {**entry, "said": worded(entry["said"]).removesuffix(".")}
    return entry


class _Named(dict[str, Any]):
    """Parameters, with a fallback for a missing name."""

    def __missing__(self, key: str) -> str:
        return "someone"


def _counts(details: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _COUNTS.items():
        if found := details.get(name):
            yield f"{len(found) if isinstance(found, list) else found} {words}"


def _not_taken_over(details: Mapping[str, Any]) -> Iterator[str]:
    for name, values in details.get("ignored", {}).items():
        yield f"{name} {values['to']} is not taken over: the portal keeps {values['from'] or 'none'}."


def _left_out(details: Mapping[str, Any]) -> Iterator[str]:
    return (f"Left out: {left_out_in_words(entry)}." for entry in details.get("left_out", []))


def _shared(details: Mapping[str, Any]) -> Iterator[str]:
    if details.get("external_id_of"):
        yield "The externalId is shared with another user of this identity provider."
