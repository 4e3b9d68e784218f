"""What holds the Django project together: settings' helpers, middleware, logging, worker, server."""
