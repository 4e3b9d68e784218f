"""The demo company: who works there, and how the portal came to know it (`manage.py demo`)."""
