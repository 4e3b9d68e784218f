"""The REST API at /api/v1/: one module for each resource, all on `views.Resources`, all through the services."""
