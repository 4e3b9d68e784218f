"""What every request and process stands on: settings helpers, middleware, logging, server."""
