from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0032_second_factors_moved"),
    ]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="refuses_nested_groups",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A push of a group with a group among its members is refused instead of skipping that (R14).",
            ),
        ),
        migrations.AddField(
            model_name="ssogroup",
            name="nested_groups",
            field=models.JSONField(editable=False, help_text="Members that are groups, and so skipped.", null=True),
        ),
    ]
