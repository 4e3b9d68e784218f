from django.db import migrations, models


def _claim() -> models.CharField:
    return models.CharField(blank=True, db_default="", max_length=255)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0022_sso_user_inactive"),
    ]

    operations = [
        migrations.AddField(model_name="ssoconnection", name="email_claim", field=_claim()),
        migrations.AddField(model_name="ssoconnection", name="first_name_claim", field=_claim()),
        migrations.AddField(model_name="ssoconnection", name="last_name_claim", field=_claim()),
    ]
