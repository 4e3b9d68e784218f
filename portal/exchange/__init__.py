"""Formats for other programs: CSV out and in, events as OCSF."""
