import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0050_webhooks")]

    operations = [
        migrations.CreateModel(
            name="SpentAssertion",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "spent assertion",
            },
        ),
        migrations.CreateModel(
            name="SCIMTrust",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.CharField(editable=False, max_length=64, unique=True, verbose_name="client ID")),
                ("label", models.CharField(max_length=100)),
                ("issuer", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("subject", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("audiences", models.TextField(blank=True, db_default="", default="", help_text="One per line.")),
                ("authorized_party", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "key_set_url",
                    models.CharField(blank=True, db_default="", default="", max_length=500, verbose_name="key set URL"),
                ),
                (
                    "key_set",
                    models.TextField(
                        blank=True, db_default="", default="", help_text="A JSON Web Key Set, public keys only."
                    ),
                ),
                (
                    "requires_id",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Assertions must have an ID (jti). One that has an ID works once in any case.",
                        verbose_name="each assertion works once",
                    ),
                ),
                (
                    "networks",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="None: everywhere.", max_length=1000
                    ),
                ),
                ("is_read_only", models.BooleanField(db_default=False, default=False, verbose_name="reads only")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("last_accepted_at", models.DateTimeField(editable=False, null=True)),
                ("last_refused_at", models.DateTimeField(editable=False, null=True)),
                (
                    "last_refusal",
                    models.JSONField(editable=False, help_text="The check that failed, and why, as data.", null=True),
                ),
                (
                    "identity_provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_trusts",
                        to="identity.identityprovider",
                    ),
                ),
            ],
            options={
                "verbose_name": "SCIM trust",
                "ordering": ("id",),
            },
        ),
        migrations.AddConstraint(
            model_name="scimtrust",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("key_set__gt", ""), ("key_set_url", "")),
                    models.Q(("key_set", ""), ("key_set_url__gt", "")),
                    _connector="OR",
                ),
                name="scim_trust_has_keys_from_one_place",
            ),
        ),
    ]
