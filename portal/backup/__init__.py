"""Backups: the database and the key that opens its secrets, in one file (`manage.py backup`, `manage.py restore`)."""
