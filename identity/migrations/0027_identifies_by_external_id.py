from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0026_conflict_of_another_person"),
    ]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="identifies_by_external_id",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A person who comes back under another userName is known by the external ID (R9).",
                verbose_name="external IDs identify people",
            ),
        ),
        migrations.AddIndex(
            model_name="retiredresource",
            index=models.Index(fields=["identity_provider", "external_id"], name="retired_by_external_id"),
        ),
        migrations.AlterField(
            model_name="conflict",
            name="reason",
            field=models.CharField(
                choices=[
                    ("other_email", "Same username, another email"),
                    ("other_username", "Same email, another username"),
                    ("ask_first", "Same person, and this IdP is set to ask first"),
                    ("privileged", "The account has a privileged role"),
                    ("disabled_local", "The account was disabled by an administrator"),
                    ("other_provider", "The account is managed by another identity provider"),
                    ("already_linked", "The account belongs to another record of this identity provider"),
                    ("other_person", "The account is another person's of this identity provider"),
                    ("same_external_id", "Same external ID, another username"),
                    ("break_glass", "The account is a break-glass account"),
                ],
                max_length=20,
            ),
        ),
    ]
