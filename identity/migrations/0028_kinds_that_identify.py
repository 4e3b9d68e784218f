from typing import Any

from django.db import migrations


def switch_on(apps: Any, schema_editor: Any) -> None:
    """Where the kind's externalId is the identity provider's own permanent id (R9)."""
    providers = apps.get_model("identity", "IdentityProvider").objects
    providers.filter(kind__in=["okta", "rauthy"]).update(identifies_by_external_id=True)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0027_identifies_by_external_id"),
    ]

    operations = [
        migrations.RunPython(switch_on, migrations.RunPython.noop),
    ]
