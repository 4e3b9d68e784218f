"""The Django project's infrastructure: settings helpers, middleware, logging, worker, server."""
