"""Indexes for the search by the beginning of a first or last name."""

from django.db import migrations

from identity.db.permanence import install_search_indexes, remove_search_indexes


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_triggers")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: install_search_indexes(schema_editor.connection),
            lambda apps, schema_editor: remove_search_indexes(schema_editor.connection),
        )
    ]
