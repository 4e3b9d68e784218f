"""From `DATABASE_URL` to Django's DATABASES entry, with the durability settings each database needs."""

from typing import Any

import environ

# An acknowledged write survives power loss (SR-39): FULL syncs the write-ahead log at every commit, where
# the usual NORMAL may lose the last commits. IMMEDIATE takes the write lock when a transaction begins, so that
# parallel writers wait for the busy timeout; a deferred one fails at once when another wrote in between.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}

# Long enough to spare the connection set-up (8.9 ms of CPU against 0.7 on PostgreSQL; on SQLite the last one
# that closes rewrites the database from its log), short enough to notice a moved database.
CONNECTION_SECONDS = 600

# A statement that comes again is parsed and planned once for each connection: half of the database's work for a push.
# PgBouncer in transaction mode must know prepared statements (1.21 or newer, max_prepared_statements above 0).
PREPARED: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 2}


# Who is no longer there is noticed by the kernel where its packets get no answer; where they do, and nothing else
# does, by whoever waits (identity.db.postgresql).
NOTICED: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # ms
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
# Seconds that a statement may take longer here than the server allows it.
ON_THE_WAY = 5


def database_config(url: str, *, statement_timeout: int) -> dict[str, Any]:
    """The DATABASES entry for `url`; `statement_timeout` in seconds (0: none) is what PostgreSQL enforces."""
    config: dict[str, Any] = environ.Env.db_url_config(url)
    match config["ENGINE"]:
        case "django.db.backends.sqlite3":
            return {"CONN_MAX_AGE": CONNECTION_SECONDS} | config | {"OPTIONS": _sqlite_options(config)}
        case "django.db.backends.postgresql":
            return _postgresql(config, statement_timeout)
        case engine:
            raise ValueError(f"DATABASE_URL names {engine}: only sqlite:// and postgres:// are supported")


def _sqlite_options(config: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = config.get("OPTIONS", {})
    return SQLITE_OPTIONS | given


def _postgresql(config: dict[str, Any], statement_timeout: int) -> dict[str, Any]:
    # synchronous_commit is spelled out because a role or database may have it switched off (SR-39).
    # Compiling a page's statement takes longer than running it: jit is for reports.
    session = f"-c statement_timeout={statement_timeout}s -c synchronous_commit=on -c jit=off"
    return {
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,  # a restarted database is noticed without restarting the portal (SR-40)
        **config,
        "ENGINE": "identity.db.postgresql",
        "longest": statement_timeout + ON_THE_WAY if statement_timeout else None,
        "OPTIONS": {**NOTICED, "options": session, **PREPARED, **_the_primary(config)} | config.get("OPTIONS", {}),
    }


def _the_primary(config: dict[str, Any]) -> dict[str, Any]:
    """Of several hosts only one takes writes: the others are its standbys."""
    return {"target_session_attrs": "read-write"} if "," in str(config["HOST"]) else {}
