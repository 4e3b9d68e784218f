"""An event can't go, so nothing has to keep it for what stands beside it; a key would lead to each part of the events."""

import django.db.models.deletion
from django.db import migrations, models

from identity.db.migrating import DropForeignKey


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0046_personal_data_without_key")]

    operations = [
        DropForeignKey(
            model_name="auditorigin",
            name="event",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                primary_key=True,
                related_name="origin",
                serialize=False,
                to="identity.auditevent",
            ),
        ),
    ]
