from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0028_kinds_that_identify"),
    ]

    operations = [
        migrations.AddField(
            model_name="ssoconnection",
            name="client_authentication",
            field=models.CharField(
                choices=[
                    ("announced", "As the provider announces"),
                    ("client_secret_basic", "HTTP Basic (client_secret_basic)"),
                    ("client_secret_post", "In the body (client_secret_post)"),
                ],
                db_default="announced",
                default="announced",
                max_length=20,
            ),
        ),
    ]
