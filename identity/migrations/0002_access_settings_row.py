"""The one row of access settings: SCIM on, SSO not enforced."""

from django.db import migrations


def add_row(apps, schema_editor):
    apps.get_model("identity", "AccessSettings").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [migrations.RunPython(add_row, migrations.RunPython.noop)]
