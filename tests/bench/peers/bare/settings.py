"""Gatehouse's models and connection; no middleware, no token, no admin."""

import environ

from portal.project.databases import database_config

env = environ.Env()

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.bench.peers.bare.urls"
DATABASES = {"default": database_config(env.str("DATABASE_URL"), statement_timeout=0)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "identity"]
AUTH_USER_MODEL = "identity.User"
