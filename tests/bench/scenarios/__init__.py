"""One module for each scenario; importing them registers them."""

import importlib

NAMES = (
    "post_user",
    "lookups",
    "pages",
    "members",
    "mapped_push",
    "first_sync",
    "peers",
    "admin_list",
    "admin_pages",
    "memory",
    "sqlite_writers",
    "server_choice",
    "connections",
    "profile",
)

for name in NAMES:
    importlib.import_module(f"tests.bench.scenarios.{name}")
