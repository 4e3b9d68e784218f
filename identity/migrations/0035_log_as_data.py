from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0034_sealed_keys"),
    ]

    operations = [
        migrations.RenameField(model_name="provisioninglog", old_name="summary", new_name="text"),
        migrations.AlterField(
            model_name="provisioninglog",
            name="text",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="provisioninglog",
            name="params",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="provisioninglog",
            name="what",
            field=models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
    ]
