"""Append-only audit, permanent usernames and SCIM ids, kept by the database itself."""

from django.db import migrations

from identity.db.permanence import install_triggers, remove_triggers


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_access_settings_row")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install_triggers(schema_editor.connection),
            lambda apps, schema_editor: remove_triggers(schema_editor.connection),
        )
    ]
