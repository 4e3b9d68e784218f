"""The demo company: its people, and how the portal came to know them (`manage.py demo`)."""
