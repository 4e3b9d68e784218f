"""Which migrations a database has had, and whether this release knows them."""

from __future__ import annotations

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

Applied = list[tuple[str, str]]


def unknown(applied: Applied) -> Applied:
    """Migrations of a newer release. Squashed ones are recognised by the names they replace."""
    ours = {config.label for config in apps.get_app_configs()}
    migrations = MigrationLoader(None).disk_migrations
    known = set(migrations).union(*(migration.replaces for migration in migrations.values()))
    return [one for one in applied if one[0] in ours and one not in known]


def missing(applied: Applied) -> int:
    """How many of this release's migrations it has not had."""
    had = set(applied)
    waiting = [one for name, one in MigrationLoader(None).graph.nodes.items() if name not in had]
    return sum(not one.replaces or not had.issuperset(one.replaces) for one in waiting)
