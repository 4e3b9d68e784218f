"""The provisioning log has room for what was asked, in all its parts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0056_turned_away")]

    operations = [
        migrations.AddField(
            model_name="provisioninglog",
            name="asked",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
