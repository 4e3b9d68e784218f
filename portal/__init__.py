"""The web UI, REST API, sign-in and command line, and the Django project's settings."""
