"""The personal values of events have parts on PostgreSQL, which go when they are old."""

from django.db import migrations

from identity.db.partitioning import PartitionById


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0047_origins_without_key")]

    operations = [PartitionById("AuditPersonalData")]
