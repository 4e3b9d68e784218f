"""The smallest settings that django-scim2's documentation asks for; the connection is as long-lived as Gatehouse's."""

import environ

from portal.project.databases import database_config

env = environ.Env()

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.bench.peers.stock.urls"
DATABASES = {"default": database_config(env.str("DATABASE_URL"), statement_timeout=0)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "tests.bench.peers.stock"]
MIDDLEWARE = ["tests.bench.peers.stock.auth.StaticToken"]
AUTH_USER_MODEL = "stock.User"
SCIM_SERVICE_PROVIDER = {
    "SCHEME": "http",
    "NETLOC": f"127.0.0.1:{env.int('PORT', default=8000)}",
    "GROUP_MODEL": "tests.bench.peers.stock.models.Group",
    "AUTHENTICATION_SCHEMES": [{"type": "oauth2", "name": "OAuth 2", "description": "Bearer token"}],
}
