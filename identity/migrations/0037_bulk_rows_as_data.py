"""What became of the rows of bulk actions is kept as data; the words are those of the version before."""

from __future__ import annotations

import re
from typing import Any

from django.db import migrations, models

BATCH = 1000
DONE = {
    "enable": ("Enabled.", r"Enabled\."),
    "disable": ("Disabled.", r"Disabled\."),
    "add_to_groups": ("In {groups}.", r"In (?P<groups>.*)\."),
    "invite": ("The invitation is on its way to {email}.", r"The invitation is on its way to (?P<email>.*)\."),
    "resend_invitation": ("A new link is on its way to {email}.", r"A new link is on its way to (?P<email>.*)\."),
    "revoke_invitation": (
        "The link stopped working; the account is disabled.",
        r"The link stopped working; the account is disabled\.",
    ),
}


def read(text: str, kind: str, outcome: str) -> dict[str, Any] | None:
    """What the words name; None for words that say it in another way. Names of groups may hold a comma: one text."""
    if outcome != "done":
        return {"sentence": text} if text else {}
    found = re.fullmatch(DONE[kind][1], text, re.DOTALL)
    return found.groupdict() if found else None


def written(told: dict[str, Any], kind: str, outcome: str) -> str:
    if outcome != "done":
        return str(told.get("sentence", ""))
    named = {name: ", ".join(found) if isinstance(found, list) else found for name, found in told.items()}
    return DONE[kind][0].format_map(named)


def forwards(apps: Any, schema_editor: Any) -> None:
    def change(row: Any) -> None:
        row.told = read(row.text, row.run.kind, row.outcome)
        row.text = row.text if row.told is None else ""

    _each(apps, schema_editor, change)


def backwards(apps: Any, schema_editor: Any) -> None:
    def change(row: Any) -> None:
        if row.told is not None:
            row.text = written(row.told, row.run.kind, row.outcome)

    _each(apps, schema_editor, change)


def _each(apps: Any, schema_editor: Any, change: Any) -> None:
    model = apps.get_model("identity", "BulkRow")
    rows = model.objects.using(schema_editor.connection.alias).select_related("run").order_by("pk")
    last = 0
    while part := list(rows.filter(pk__gt=last)[:BATCH]):
        last = part[-1].pk
        for row in part:
            change(row)
        rows.bulk_update(part, ["told", "text"])


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0036_log_read_from_its_words"),
    ]

    operations = [
        migrations.RenameField(model_name="bulkrow", old_name="sentence", new_name="text"),
        migrations.AddField(
            model_name="bulkrow",
            name="told",
            field=models.JSONField(default=dict, null=True),
        ),
        migrations.RunPython(forwards, backwards),
    ]
