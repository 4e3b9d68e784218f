"""Sentences of refusals in the provisioning log become codes with parameters; back again they become sentences.

Parts of a transaction each, so that a million rows hold nobody up, and what was interrupted goes on. What cannot be
read stays as it is and is shown as it is. On the way back, a code that only a later version knows stands for itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import migrations, transaction

from identity.migrations import _sentences

BATCH = 1000
WITH_REFUSALS = ("refused", "partly")

TOGETHER = """
    UPDATE identity_provisioninglog AS log
       SET params = found.params::jsonb, details = found.details::jsonb
      FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS found(params, details, id)
     WHERE log.id = found.id"""
ONE_BY_ONE = "UPDATE identity_provisioninglog SET params = %s, details = %s WHERE id = %s"

Row = tuple[dict[str, Any], dict[str, Any]]


def read_params(params: dict[str, Any]) -> dict[str, Any]:
    said = _sentences.read(params["sentence"]) if "sentence" in params else None
    if said is None:
        return params
    return {"said": said, **{name: value for name, value in params.items() if name != "sentence"}}


def write_params(params: dict[str, Any]) -> dict[str, Any]:
    if "said" not in params:
        return params
    kept = {name: value for name, value in params.items() if name != "said"}
    return {"sentence": _sentences.written(params["said"]), **kept}


def read_details(details: dict[str, Any]) -> dict[str, Any]:
    read = dict(details)
    if isinstance(advice := details.get("what_to_do"), str):
        read["what_to_do"] = _sentences.read_advice(advice) or advice
    if "left_out" in details:
        read["left_out"] = [_read_left_out(entry) for entry in details["left_out"]]
    return read


def _read_left_out(entry: Any) -> Any:
    match entry:
        case {"why": "refused", "said": str(text)}:
            return {**entry, "said": _sentences.read(f"{text}.") or text}
        case {"why": "invalid", "said": str(text)}:
            return {**entry, "said": _sentences.read_problem(text) or text}
    return entry


def write_details(details: dict[str, Any]) -> dict[str, Any]:
    written = dict(details)
    if "what_to_do" in details:
        written["what_to_do"] = _sentences.written(details["what_to_do"])
    if "left_out" in details:
        written["left_out"] = [_write_left_out(entry) for entry in details["left_out"]]
    return written


def _write_left_out(entry: Any) -> Any:
    if isinstance(entry, dict) and "said" in entry:
        return {**entry, "said": _sentences.written(entry["said"]).removesuffix(".")}
    return entry


def forwards(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, lambda params, details: (read_params(params), read_details(details)))


def backwards(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, lambda params, details: (write_params(params), write_details(details)))


def _each(apps: Any, schema_editor: Any, changed: Callable[[dict[str, Any], dict[str, Any]], Row]) -> None:
    """What `changed` makes of each row that holds a refusal, a part after the other by primary key."""
    connection = schema_editor.connection
    rows = apps.get_model("identity", "ProvisioningLog").objects.using(connection.alias)
    rows = rows.filter(outcome__in=WITH_REFUSALS).order_by("pk").values_list("pk", "params", "details")
    last = 0
    while part := list(rows.filter(pk__gt=last)[:BATCH]):
        last = part[-1][0]
        new = [(pk, was, changed(*was)) for pk, *was in part]
        values = [(json.dumps(now[0]), json.dumps(now[1]), pk) for pk, was, now in new if tuple(was) != now]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(TOGETHER, [list(column) for column in zip(*values, strict=True)] or [[]] * 3)
            else:
                cursor.executemany(ONE_BY_ONE, values)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0041_scheduled_jobs")]

    operations = [migrations.RunPython(forwards, backwards)]
