"""The audit log has parts on PostgreSQL: each has indexes of its own, and the triggers of the whole."""

from django.db import migrations

from identity.db.partitioning import PartitionById


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("identity", "0048_personal_data_in_parts")]

    operations = [PartitionById("AuditEvent")]
