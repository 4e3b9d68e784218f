"""The base of every request and process: settings helpers, middleware, logging, server."""
