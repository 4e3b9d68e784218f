"""The backends for background work, by their names in TASKS (README, Configuration)."""

BACKENDS = {
    "immediate": "django_tasks.backends.immediate.ImmediateBackend",
    "database": "django_tasks_db.DatabaseBackend",
}
