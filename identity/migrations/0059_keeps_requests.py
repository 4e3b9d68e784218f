"""Each identity provider says whether its requests are kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0058_requests_in_log_found")]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="keeps_requests",
            field=models.BooleanField(
                "keep requests in the provisioning log",
                db_default=True,
                default=True,
                help_text="What it sent is kept with each row of the provisioning log, without passwords (R10).",
            ),
        ),
    ]
