"""/metrics: the portal's metrics for Prometheus and compatible collectors."""
