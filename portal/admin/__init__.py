"""The admin UI: one package per area, all built on `portal.admin.frame`."""

from importlib import import_module

AREAS = ("people", "groups", "providers", "logs", "access", "home", "assets")


def load() -> None:
    """Each area registers its pages with the site; `portal.urls` asks for it: commands have no use for pages."""
    for area in AREAS:
        import_module(f"{__name__}.{area}")
