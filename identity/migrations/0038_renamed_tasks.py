"""Work that is queued while the portal is upgraded is found under its new name."""

from django.db import migrations

RENAMED = {
    "identity.services.bulk.finish": "identity.services.bulk_runs.finish",
    "portal.resets.mail_reset_link": "portal.account.resets.mail_reset_link",
}


def rename(apps, schema_editor):
    queued = apps.get_model("django_tasks_database", "DBTaskResult").objects.using(schema_editor.connection.alias)
    for old, new in RENAMED.items():
        queued.filter(task_path=old).update(task_path=new)


def rename_back(apps, schema_editor):
    queued = apps.get_model("django_tasks_database", "DBTaskResult").objects.using(schema_editor.connection.alias)
    for old, new in RENAMED.items():
        queued.filter(task_path=new).update(task_path=old)


class Migration(migrations.Migration):
    dependencies = [("identity", "0037_bulk_rows_as_data"), ("django_tasks_database", "0001_initial")]

    operations = [migrations.RunPython(rename, rename_back)]
