from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0024_sso_binding"),
    ]

    operations = [
        migrations.AddField(
            model_name="conflict",
            name="own_username",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What the newcomer is called in the portal (R7).",
                max_length=255,
            ),
        ),
    ]
