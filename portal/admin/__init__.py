"""The admin UI: one package per area, all built on `portal.admin.frame`."""

# `portal.apps` imports these when Django is ready, and each registers its pages with the site.
AREAS = ("people", "groups", "providers", "logs", "access", "home", "assets")
