from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0017_overruled"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="mail_failed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
