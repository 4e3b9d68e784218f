"""From `DATABASE_URL` to Django's DATABASES entry, with the durability settings each database needs."""

from typing import Any

import environ

from portal.project.environment import WrongEnvironment

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
# Behind a pooler of transactions the next statement may meet another connection, which does not know it.
PREPARED: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 2}
UNPREPARED: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": None}

# Of the process itself (psycopg's). A request that waits longer for a connection is answered 503.
POOL: dict[str, Any] = {"min_size": 1, "timeout": 10.0, "max_lifetime": CONNECTION_SECONDS, "max_idle": 60.0}

ENGINE = "identity.db.postgresql"

TRANSACTION, SESSION = "transaction", "session"

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


def database_config(url: str, *, statement_timeout: int, pooler: str = "", connections: int = 0) -> dict[str, Any]:
    """The DATABASES entry for `url`.

    `statement_timeout` in seconds (0: none) is what PostgreSQL enforces. `pooler`: what a program between here and
    PostgreSQL hands its connections out for. `connections`: at most so many for this process, its threads
    wait for one; 0: one for each thread.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url)
    match config["ENGINE"]:
        case "django.db.backends.sqlite3":
            return {"CONN_MAX_AGE": CONNECTION_SECONDS} | config | {"OPTIONS": _sqlite_options(config)}
        case "django.db.backends.postgresql":
            return _postgresql(config, statement_timeout, is_pooled=pooler == TRANSACTION, connections=connections)
        case engine:
            raise ValueError(f"DATABASE_URL names {engine}: only sqlite:// and postgres:// are supported")


def replica_beside(primary: dict[str, Any], url: str, **known: Any) -> dict[str, Any]:
    """The entry for a replica of it; raises WrongEnvironment where there can be none."""
    if primary["ENGINE"] != ENGINE:
        raise WrongEnvironment("DATABASE_REPLICA_URL is set, expected DATABASE_URL to be postgres:// as well.")
    return replica_config(url, **known)


def replica_config(url: str, **known: Any) -> dict[str, Any]:
    """The same for a replica, which is never waited for: whatever it does not answer, the primary does."""
    config = database_config(url, **known)
    options, given = config["OPTIONS"], environ.Env.db_url_config(url).get("OPTIONS", {})
    own: dict[str, Any] = {"connect_timeout": 2}
    if "options" in options:
        own["options"] = f"{options['options']} -c default_transaction_read_only=on"
    if "target_session_attrs" in options:  # of several hosts
        own["target_session_attrs"] = "standby"
    if known.get("connections"):
        own["pool"] = options["pool"] | {"timeout": 1.0}
    # Each request that reads from it asks first how far it is, which shows that the connection works.
    return config | {"CONN_HEALTH_CHECKS": False, "OPTIONS": options | own | given, "TEST": {"MIRROR": "default"}}


def session_settings(statement_timeout: int) -> dict[str, str]:
    """What every connection of the portal's to PostgreSQL is set to."""
    return {
        "statement_timeout": f"{statement_timeout}s",
        # PostgreSQL keeps no time for COMMIT, which checks foreign keys and may wait for their rows.
        "lock_timeout": f"{statement_timeout}s",
        # Spelled out because a role or database may have it switched off (SR-39).
        "synchronous_commit": "on",
        # Compiling a page's statement takes longer than running it: it is for reports.
        "jit": "off",
    }


def _sqlite_options(config: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = config.get("OPTIONS", {})
    return SQLITE_OPTIONS | given


def _postgresql(config: dict[str, Any], statement_timeout: int, *, is_pooled: bool, connections: int) -> dict[str, Any]:
    if is_pooled:  # settings are those of the role (identity.db.postgresql.role): a pooler passes none on
        options = NOTICED | UNPREPARED
    else:
        session = " ".join(f"-c {name}={value}" for name, value in session_settings(statement_timeout).items())
        options = {**NOTICED, "options": session, **PREPARED}
    if connections:
        options["pool"] = POOL | {"max_size": connections}
    return {
        "CONN_MAX_AGE": 0 if connections else CONNECTION_SECONDS,  # what a request gives back goes into the pool
        "CONN_HEALTH_CHECKS": True,  # a restarted database is noticed without restarting the portal (SR-40)
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled,  # they belong to one connection
        **config,
        "ENGINE": ENGINE,
        "longest": statement_timeout + ON_THE_WAY if statement_timeout else None,
        "OPTIONS": options | _the_primary(config) | config.get("OPTIONS", {}),
    }


def _the_primary(config: dict[str, Any]) -> dict[str, Any]:
    """Of several hosts only one takes writes: the others are its standbys."""
    hosts = config["HOST"] or config.get("OPTIONS", {}).get("host", "")
    return {"target_session_attrs": "read-write"} if "," in str(hosts) else {}
