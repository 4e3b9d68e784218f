"""The REST API at /api/v1/: one module per resource, all based on `views.Resources`, all through the services."""
