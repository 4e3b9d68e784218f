"""/metrics: what Prometheus, or whatever reads its format, watches a portal by."""
