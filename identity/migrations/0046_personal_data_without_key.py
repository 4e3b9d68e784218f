"""An event can't go, so nothing has to keep it for what stands beside it; a key would lead to each part of the events."""

import django.db.models.deletion
from django.db import migrations, models

from identity.db.migrating import DropForeignKey


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0045_log_in_parts")]

    operations = [
        DropForeignKey(
            model_name="auditpersonaldata",
            name="event",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                primary_key=True,
                related_name="personal_data",
                serialize=False,
                to="identity.auditevent",
            ),
        ),
    ]
