from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0023_claim_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="ssoconnection",
            name="sso_binding",
            field=models.CharField(
                choices=[("redirect", "HTTP-Redirect"), ("post", "HTTP-POST")],
                db_default="redirect",
                default="redirect",
                max_length=8,
            ),
        ),
    ]
