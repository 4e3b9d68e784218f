"""The backend for background work (README, Configuration: TASKS)."""

BACKENDS = {
    "immediate": "django_tasks.backends.immediate.ImmediateBackend",
    "database": "django_tasks_db.DatabaseBackend",
}


def task_backend(choice: str) -> str:
    """The django-tasks backend of that name."""
    if choice not in BACKENDS:
        raise ValueError(f"TASKS is {choice}: it must be one of {', '.join(BACKENDS)}")
    return BACKENDS[choice]
