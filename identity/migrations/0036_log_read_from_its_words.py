"""The words of the provisioning log become data; back again, data become words.

The words are those of the version before, so they stand here as they were. A row is only changed when what was read of
it makes the same words again; every other keeps them. Parts of a transaction each, so that a million rows hold nobody
up, and what was interrupted goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.db import migrations, transaction

BATCH = 2000

TOGETHER = """
    UPDATE identity_provisioninglog AS log
       SET what = found.what, params = found.params::jsonb, text = found.text, details = found.details::jsonb
      FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
        AS found(what, params, text, details, id)
     WHERE log.id = found.id"""
ONE_BY_ONE = "UPDATE identity_provisioninglog SET what = %s, params = %s, text = %s, details = %s WHERE id = %s"

_PERSON = r"(?P<name>.*) \((?P<username>.*)\), (?P<status>enabled|disabled|invited)\."
HEADS = {
    "created": ("Created {name} ({username}), {status}.", rf"Created {_PERSON}"),
    "adopted": (
        "Adopted the existing account of {name} ({username}), {status}.",
        rf"Adopted the existing account of {_PERSON}",
    ),
    "linked": (
        "Linked, as an administrator approved, {name} ({username}), {status}.",
        rf"Linked, as an administrator approved, {_PERSON}",
    ),
    "revived_by_external_id": (
        "Revived by the externalId {name} ({username}), {status}.",
        rf"Revived by the externalId {_PERSON}",
    ),
    "revived": ("Revived {name} ({username}), {status}.", rf"Revived {_PERSON}"),
    "set_active": ("Set {name} active.", r"Set (?P<name>.*) active\."),
    "set_inactive": ("Set {name} inactive.", r"Set (?P<name>.*) inactive\."),
    "updated": ("Updated {name}.", r"Updated (?P<name>.*)\."),
    "nothing_to_change": ("Nothing to change for {name}.", r"Nothing to change for (?P<name>.*)\."),
    "removed": (
        "Removed {name} ({username}): disabled, kept in the portal.",
        r"Removed (?P<name>.*) \((?P<username>.*)\): disabled, kept in the portal\.",
    ),
    "group_pushed": ("Pushed group {name}", r"Pushed group (?P<name>.*)"),
    "group_changed": ("Renamed or changed group {name}", r"Renamed or changed group (?P<name>.*)"),
    "group_members_changed": ("Changed the members of {name}", r"Changed the members of (?P<name>.*)"),
    "group_deleted": ("Deleted group {name}", r"Deleted group (?P<name>.*)"),
    "erased": ("Erased with the user.", r"Erased with the user\."),
}
REFUSED = {
    "sign_in_failed": ("Sign-in did not work: {sentence}", r"Sign-in did not work: (?P<sentence>.*)"),
    "sign_in_refused": (
        "Sign-in of {name} was refused: {sentence}",
        r"Sign-in of (?P<name>.*?) was refused: (?P<sentence>.*)",
    ),
    "refused": ("{sentence}", r"(?P<sentence>.*)"),
}
COUNTS = {
    "added": "added",
    "removed": "removed",
    "joined": "joined portal groups",
    "left": "left portal groups",
    "skipped": "no longer exist and were skipped",
    "nested": "are groups and were skipped",
}
LEFT_OUT = {
    "unknown": (
        "{attribute} is no attribute that the portal knows",
        r"(?P<attribute>.*) is no attribute that .* knows",
    ),
    "refused": ("{attribute} can't be taken ({said})", r"(?P<attribute>.*?) can't be taken \((?P<said>.*)\)"),
    "invalid": ("{attribute} {said}", r"(?P<attribute>\S+) (?P<said>.*)"),
}


def read(text: str, outcome: str, details: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The code of a row's words and what they name; None for words that say it in another way."""
    tail = _tail(details)
    if not text.endswith(tail):
        return None
    is_refused = outcome == "refused" and text != "Erased with the user."
    head = text[: len(text) - len(tail)]
    for what, (_, pattern) in (REFUSED if is_refused else HEADS).items():
        counted = head.removesuffix(_counted(details)) if what.startswith("group_") else head
        found = re.fullmatch(pattern, counted, re.DOTALL)
        if found is not None and written(what, found.groupdict(), details) == text:
            return what, found.groupdict()
    return None


def written(what: str, params: dict[str, str], details: dict[str, Any]) -> str:
    """The words of a row, as the version before wrote them."""
    words, _ = HEADS.get(what) or REFUSED[what]
    head = words.format_map({"name": "somebody", **params})
    return head + (_counted(details) if what.startswith("group_") else "") + _tail(details)


def _counted(details: dict[str, Any]) -> str:
    counts = {words: details.get(name) for name, words in COUNTS.items()}
    told = [f"{len(found) if isinstance(found, list) else found} {words}" for words, found in counts.items() if found]
    return f": {', '.join(told)}." if told else "."


def _tail(details: dict[str, Any]) -> str:
    return "".join(f" {sentence}" for sentence in _sentences(details))


def _sentences(details: dict[str, Any]) -> Iterator[str]:
    for name, values in details.get("ignored", {}).items():
        yield f"{name} {values['to']} is not taken over: the portal keeps {values['from'] or 'none'}."
    for entry in details.get("left_out", []):
        yield f"Left out: {left_out_written(entry)}."
    if details.get("external_id_of"):
        yield "The externalId is shared with another user of this identity provider."


def left_out_read(entry: Any) -> Any:
    for why, (words, pattern) in LEFT_OUT.items():
        found = re.fullmatch(pattern, entry, re.DOTALL) if isinstance(entry, str) else None
        if found is not None and words.format_map(found.groupdict()) == entry:
            return {**found.groupdict(), "why": why}
    return entry


def left_out_written(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    return LEFT_OUT[entry["why"]][0].format_map(entry)


def _with_left_out(details: dict[str, Any], change: Any) -> dict[str, Any]:
    if "left_out" not in details:
        return details
    return {**details, "left_out": [change(entry) for entry in details["left_out"]]}


def forwards(apps: Any, schema_editor: Any) -> None:
    def row(pk: int, what: str, params: Any, text: str, details: Any, outcome: str) -> list[Any] | None:
        found = None if what else read(text, outcome, details)
        if found is None:
            return None
        return [found[0], json.dumps(found[1]), "", json.dumps(_with_left_out(details, left_out_read)), pk]

    _each(apps, schema_editor, row)


def backwards(apps: Any, schema_editor: Any) -> None:
    def row(pk: int, what: str, params: Any, text: str, details: Any, outcome: str) -> list[Any] | None:
        if not what:
            return None
        return ["", "{}", written(what, params, details), json.dumps(_with_left_out(details, left_out_written)), pk]

    _each(apps, schema_editor, row)


def _each(apps: Any, schema_editor: Any, row: Any) -> None:
    """What `row` makes of each row, a part after the other by primary key."""
    connection = schema_editor.connection
    rows = apps.get_model("identity", "ProvisioningLog").objects.using(connection.alias).order_by("pk")
    last = 0
    columns = ("pk", "what", "params", "text", "details", "outcome")
    while part := list(rows.filter(pk__gt=last).values_list(*columns)[:BATCH]):
        last = part[-1][0]
        changed = [values for values in (row(*found) for found in part) if values is not None]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(TOGETHER, [list(column) for column in zip(*changed, strict=True)] or [[]] * 5)
            else:
                cursor.executemany(ONE_BY_ONE, changed)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("identity", "0035_log_as_data"),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
    ]
