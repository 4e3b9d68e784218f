"""What identity providers send and the portal doesn't know, by name and number."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0059_keeps_requests")]

    operations = [
        migrations.CreateModel(
            name="UnknownAttribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("resource_type", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("name", models.CharField(blank=True, db_default="", default="", max_length=120)),
                ("times", models.PositiveBigIntegerField(db_default=1, default=1)),
                (
                    "first_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                (
                    "last_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now
                    ),
                ),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unknown_attributes",
                        to="identity.identityprovider",
                    ),
                ),
            ],
            options={
                "ordering": ("-last_at", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("identity_provider", "resource_type", "name"), name="unknown_attribute_unique"
                    )
                ],
            },
        ),
    ]
