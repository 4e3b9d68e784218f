import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0052_scim_trust_created_by")]

    operations = [
        migrations.AddField(
            model_name="scimtoken",
            name="is_read_only",
            field=models.BooleanField(db_default=False, default=False, verbose_name="reads only"),
        ),
        migrations.AddField(
            model_name="scimtoken",
            name="networks",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="None: everywhere.", max_length=1000
            ),
        ),
        migrations.AddField(
            model_name="scimtoken",
            name="trust",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="access_tokens",
                to="identity.scimtrust",
            ),
        ),
    ]
