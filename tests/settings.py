"""The portal's settings, untouched by the machine's environment, with what makes tests quick."""

import os
from pathlib import Path

import scim2_models  # noqa: F401  before the rest, as portal.wsgi does

from tests import environment

environment.clear()
environment.keep_bytecode(Path(__file__).parent.parent / "var" / "tests" / "bytecode")

from portal.settings import *  # noqa: E402, F403  the environment must be clean when they are read
from portal.settings import CACHES, DATABASES, LOGGING, STORAGES  # noqa: E402

# Tests hash many passwords and none of them matters.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# In memory, so that it can be emptied after each test; tests/portal/test_shared_cache.py tries the real one.
CACHES["shared"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared"}
if "init_command" in DATABASES["default"]["OPTIONS"]:  # SQLite: nothing of a test needs to survive a power cut
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
# A checkout whose `make serve` has collected static files serves them by names that the live server can't find.
SCHEDULE = False  # what is due is done when a test says so
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# A static file is looked for when it is asked for: the list of all of them is made once a server, but in tests each
# client is a server of its own, and the list was a quarter of what a page costs.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_MAX_AGE = 3600  # a browser asks for them once

# What a test finds in the log is about a fault; tests/portal/test_request_log.py looks at the line of each request.
LOGGING["loggers"]["portal.requests"] = {"level": "WARNING"}

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"  # commands and servers that tests start are real portals
