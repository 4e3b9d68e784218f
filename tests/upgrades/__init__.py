"""What must hold so that releases follow each other without a stop (docs/design/migrations.md)."""
