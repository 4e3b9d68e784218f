"""Reasons in the rows of bulk actions become codes with parameters, as those of the provisioning log did.

Parts of a transaction each; what was interrupted goes on, and what cannot be read stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations, transaction

from identity.migrations import _sentences

BATCH = 1000
WITH_REASONS = ("refused", "left_alone")


def read(told: dict[str, Any]) -> dict[str, Any]:
    said = _sentences.read(told["sentence"]) if "sentence" in told else None
    if said is None:
        return told
    return {"said": said, **{name: value for name, value in told.items() if name != "sentence"}}


def write(told: dict[str, Any]) -> dict[str, Any]:
    if "said" not in told:
        return told
    kept = {name: value for name, value in told.items() if name != "said"}
    return {"sentence": _sentences.written(told["said"]), **kept}


def forwards(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, read)


def backwards(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, write)


def _each(apps: Any, schema_editor: Any, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    alias = schema_editor.connection.alias
    rows = apps.get_model("identity", "BulkRow").objects.using(alias)
    rows = rows.filter(outcome__in=WITH_REASONS, told__isnull=False).order_by("pk")
    last = 0
    while part := list(rows.filter(pk__gt=last)[:BATCH]):
        last = part[-1].pk
        new = []
        for row in part:
            was, row.told = row.told, changed(row.told)
            if row.told != was:
                new.append(row)
        with transaction.atomic(using=alias):
            rows.bulk_update(new, ["told"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0042_refusals_as_data")]

    operations = [migrations.RunPython(forwards, backwards)]
