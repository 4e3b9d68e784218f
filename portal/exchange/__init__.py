"""Import and export formats: CSV, JSON lines, and events as OCSF."""
