"""Django's PostgreSQL backend, with connections that wait no longer than the server is there (SR-40)."""
