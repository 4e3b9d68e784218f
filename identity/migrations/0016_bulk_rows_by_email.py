from typing import Any

from django.db import migrations, models

from identity.core.keys import sought


def note_emails(apps: Any, schema_editor: Any) -> None:
    """Whom the files so far named."""
    for row in apps.get_model("identity", "BulkRow").objects.exclude(values={}).iterator(1000):
        row.email_key = sought(row.values.get("email", ""))[:255]
        row.save(update_fields=["email_key"])


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0015_membership_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkrow",
            name="email_key",
            field=models.CharField(blank=True, db_index=True, default="", max_length=255),
            preserve_default=False,
        ),
        migrations.RunPython(note_emails, migrations.RunPython.noop),
    ]
