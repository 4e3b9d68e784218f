"""Rows that have a request are found by it: retention takes it from the oldest ones."""

from django.db import migrations, models

from identity.db.migrating import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0057_requests_in_log")]

    operations = [
        AddIndexConcurrently(
            model_name="provisioninglog",
            index=models.Index(
                condition=models.Q(("asked", ""), _negated=True), fields=["id"], name="log_with_request"
            ),
        ),
    ]
