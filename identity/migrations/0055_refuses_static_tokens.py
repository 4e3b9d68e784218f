from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0054_scim_token_of_trust")]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="refuses_static_tokens",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="SCIM tokens that were made to be pasted are refused: its clients come by a trust (R29).",
                verbose_name="only access tokens",
            ),
        ),
    ]
