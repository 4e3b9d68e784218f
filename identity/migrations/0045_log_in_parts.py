"""The provisioning log has parts by id on PostgreSQL: what it held becomes the first one, without a copy."""

from django.db import migrations

from identity.db.partitioning import PartitionById


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0044_provider_silences")]

    operations = [PartitionById("ProvisioningLog")]
