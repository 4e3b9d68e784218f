"""Three hosts of the portal behind nginx and PgBouncer: slow, so `make cluster-test` runs it (docs/scaling.md)."""
