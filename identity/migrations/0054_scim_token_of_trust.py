from django.db import migrations, models

from identity.db.migrating import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0053_scim_tokens_of_trusts")]

    operations = [
        AddIndexConcurrently("scimtoken", models.Index(fields=["trust"], name="scim_token_of_trust")),
    ]
