"""Every variable of the environment that the portal reads: its kind, its default and what it does.

README's table is made from it (`make docs`), and `manage.py config` prints its values.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from identity.core.periods import MOST_DAYS
from identity.db.replica import AREAS, SCIM
from portal.project import kinds
from portal.project.databases import SESSION, TRANSACTION
from portal.project.environment import read, variable
from portal.project.tasks import BACKENDS
from portal.project.version import is_checkout

BASE_DIR = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """The environment as the portal understands it."""

    PUBLIC_URL: str = variable(
        kinds.origin,
        lambda known: f"http://127.0.0.1:{known.PORT}",
        "`http://127.0.0.1:$PORT`",
        "where people and the identity provider find the portal; all links come from it. With `https` cookies are "
        "`Secure` and `__Host-`, and HSTS is sent",
    )
    DATABASE_URL: str = variable(
        kinds.database_url,
        lambda known: f"sqlite:///{known.DATA_DIR / 'gatehouse.sqlite3'}",
        "SQLite in `var/gatehouse.sqlite3`",
        "`postgres://user:password@host/name` for a company; of several hosts (`@db1,db2/name`) the one that takes "
        "writes is used",
    )
    DATABASE_POOLER: str = variable(
        kinds.choice(SESSION, TRANSACTION),
        "",
        "none",
        "what a pooler between the portal and PostgreSQL hands its connections out for: `transaction` or `session` "
        "([scaling](docs/scaling.md#poolers))",
    )
    DATABASE_DIRECT_URL: str = variable(
        kinds.database_url, "", "`DATABASE_URL`", "where `manage.py migrate` finds PostgreSQL itself, past a pooler"
    )
    DATABASE_CONNECTIONS: int = variable(
        kinds.number(0, 1_000),
        0,
        "`0` (one for each thread)",
        "at most so many connections to PostgreSQL for each worker of the server; a thread that waits 10 seconds for "
        "one answers 503",
    )
    DATABASE_REPLICA_URL: str = variable(
        kinds.replica_url,
        "",
        "none",
        "a standby of that PostgreSQL, to read from what may be a little older "
        "([scaling](docs/scaling.md#read-replicas))",
    )
    DATABASE_REPLICA_LAG: int = variable(
        kinds.number(1, 3_600),
        5,
        "`5`",
        "how many seconds the replica may be behind; while it is further behind, or away, the primary is read",
    )
    DATABASE_REPLICA_READS: list[str] = variable(
        kinds.choices(*AREAS),
        [area for area in AREAS if area != SCIM],
        "`logs,exports,reports,lists`",
        "what is read from the replica: logs, files of lists, reports and lists of the pages and of the REST API; with "
        "`scim`, also what identity providers read",
    )
    DATA_DIR: Path = variable(
        kinds.directory,
        BASE_DIR / "var" if is_checkout() else Path.home() / ".local" / "share" / "gatehouse",
        "`var` in the checkout; of an installed package `~/.local/share/gatehouse`",
        "where the portal keeps what it writes outside its database: the key that it made, SQLite's file, the static "
        "files of `make serve`",
    )
    STATIC_DIR: Path = variable(
        kinds.directory,
        lambda known: known.DATA_DIR / "static",
        "`static` in `DATA_DIR`",
        "where `manage.py collectstatic` put the static files; the container image has them in a place that can't be "
        "written to",
    )
    PORT: int = variable(kinds.number(1, 65_535), 8000, "`8000`", "where the server listens")
    HOST: str = variable(kinds.host, "127.0.0.1", "`127.0.0.1`", "the address at which the server listens")
    WEB_CONCURRENCY: int = variable(
        kinds.number(1, 512),
        2,
        "`2`",
        "workers of `make serve`, with 16 threads each and 2 for health checks; every thread keeps one database "
        "connection",
    )
    DRAIN_SECONDS: int = variable(
        kinds.number(0, 3600),
        5,
        "`5`",
        "how long `make serve` goes on after SIGTERM with `/readyz` at 503, so that balancers look elsewhere; a second "
        "SIGTERM ends it at once",
    )
    SECRET_KEY: str = variable(
        kinds.secret,
        "",
        "made once in `var/secret_key`",
        "signs sessions and links, encrypts secrets; the same on every host",
    )
    SECRET_KEY_FALLBACKS: list[str] = variable(
        kinds.secrets,
        [],
        "none",
        "earlier keys, separated by commas: what they signed and encrypted is still good. See "
        "[Rotating SECRET_KEY](docs/administrators-guide.md#rotating-secret_key)",
    )
    ALLOWED_HOSTS: list[str] = variable(
        kinds.hosts,
        lambda known: [written_host(urlsplit(known.PUBLIC_URL)), "127.0.0.1", "localhost"],
        "the host of `PUBLIC_URL`, `127.0.0.1`, `localhost`",
        "names the portal answers to, separated by commas",
    )
    CSRF_TRUSTED_ORIGINS: list[str] = variable(
        kinds.form_origins,
        lambda known: [known.PUBLIC_URL],
        "the origin of `PUBLIC_URL`",
        "origins whose forms are accepted",
    )
    FORWARDED_ALLOW_IPS: list[str] = variable(
        kinds.proxies,
        ["127.0.0.1", "::1"],
        "`127.0.0.1,::1`",
        "proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` are believed, by address or network (`10.0.0.0/24`)",
    )
    GUNICORN_CMD_ARGS: str = variable(
        kinds.arguments,
        "",
        "none",
        "overrides the server's settings (`portal/project/server.py`), such as `--keep-alive 620` behind a Google "
        "Cloud load balancer",
    )
    EMAIL_URL: str = variable(
        kinds.mail_url, "consolemail://", "`consolemail://` (printed)", "`smtp+tls://user:password@host:587`"
    )
    DEFAULT_FROM_EMAIL: str = variable(
        kinds.sender,
        lambda known: f"Gatehouse <gatehouse@{mail_domain(urlsplit(known.PUBLIC_URL))}>",
        "`gatehouse@` the host",
        "sender of mails",
    )
    SSO_INTERNAL_ORIGINS: list[str] = variable(
        kinds.origins,
        [],
        "none",
        "identity providers inside your network, by origin: `https://sso.corp.example` (docs/sso.md)",
    )
    WEBHOOK_INTERNAL_ORIGINS: list[str] = variable(
        kinds.origins,
        [],
        "none",
        "receivers of webhooks inside your network, by origin: `https://siem.corp.example` (docs/events.md)",
    )
    TASKS: str = variable(
        kinds.choice(*BACKENDS),
        "immediate",
        "`immediate`",
        "who sends mails: `immediate`, the server itself once the change has committed, invitations at once and all "
        "others beside the requests (one that can't be sent is logged and lost; an invitation then says so); "
        "`database`, a worker (`make worker`): queued in the change's own transaction, and tried again when the "
        "worker dies or the mail server is away",
    )
    SUPPORT_CONTACT: str = variable(
        kinds.line,
        "",
        "none",
        "contact for people who can't sign in, shown where they are refused: an address, or words such as "
        '"IT, extension 4711"',
    )
    SESSION_IDLE_MINUTES: int = variable(
        kinds.number(0, 525_600),
        60,
        "`60`",
        "a session ends after as many minutes without a request of its person; `0`: after twelve hours only",
    )
    SCHEDULE: bool = variable(
        kinds.boolean,
        lambda known: known.TASKS == "immediate",
        "`true` with `TASKS=immediate`, else `false`",
        "whether the server's own processes do what is due at a time, such as letting old records go; workers "
        "(`make worker`) always do. Of all processes of all hosts one does each job",
    )
    PROVISIONING_LOG_DAYS: int | None = variable(
        kinds.or_nothing(kinds.number(0, MOST_DAYS)),
        None,
        "what an owner chose, else for good",
        "days that the provisioning log and bulk actions are kept; `0`: for good. Set here, it can't be chosen in the "
        "portal",
    )
    PROVISIONING_REQUEST_DAYS: int | None = variable(
        kinds.or_nothing(kinds.number(0, MOST_DAYS)),
        None,
        "what an owner chose, else `30`",
        "the same for what was sent, in rows of the provisioning log; the rows stay",
    )
    AUDIT_PERSONAL_DATA_DAYS: int | None = variable(
        kinds.or_nothing(kinds.number(0, MOST_DAYS)),
        None,
        "what an owner chose, else for good",
        "the same for names, usernames, emails and addresses in audit events; the events stay",
    )
    AUDIT_EVENTS: str = variable(
        kinds.event_lines,
        "",
        "nowhere",
        "where audit events go as JSON lines for a SIEM: `stdout` or the path of a file ([events](docs/events.md))",
    )
    METRICS_TOKEN: str = variable(
        kinds.secret,
        "",
        "none: no such address",
        "what Prometheus sends as `Authorization: Bearer` to read `/metrics` ([monitoring](docs/monitoring.md))",
    )
    OTEL_EXPORTER_OTLP_ENDPOINT: str = variable(
        kinds.collector,
        "",
        "none: no traces",
        "an OpenTelemetry collector that is sent traces, such as `http://127.0.0.1:4318` "
        "([monitoring](docs/monitoring.md#traces))",
    )
    OTEL_EXPORTER_OTLP_HEADERS: str = variable(
        kinds.secret, "", "none", "what the collector asks for, as `name=value` separated by commas"
    )
    OTEL_SERVICE_NAME: str = variable(kinds.line, "gatehouse", "`gatehouse`", "what traces call this portal")
    API_REQUESTS_PER_MINUTE: int = variable(
        kinds.number(1, 1_000_000),
        600,
        "`600`",
        "what one API token may ask of the [REST API](docs/api.md), all workers together",
    )
    SCIM_REQUESTS_PER_SECOND: int = variable(
        kinds.number(0, 1_000_000),
        200,
        "`200`",
        "what one SCIM token may ask of one server process, five times as much at once; beyond it 429 and "
        "`Retry-After`. `0`: no limit",
    )
    STATEMENT_TIMEOUT: int = variable(
        kinds.number(0, 86_400),
        30,
        "`30`",
        "seconds after which PostgreSQL ends a statement, 0 for never; the portal itself gives up 5 seconds later, and "
        "at once where the server is not there any more",
    )
    DEBUG: bool = variable(
        kinds.boolean,
        False,
        "`false`",
        "error pages with internals; `make run` and `make demo` set it, `make serve` never does",
    )


def written_host(url: SplitResult) -> str:
    """As written in URLs: IPv6 in brackets."""
    name = url.hostname or ""
    return f"[{name}]" if ":" in name else name


def mail_domain(url: SplitResult) -> str:
    """RFC 5321 section 4.1.3."""
    return written_host(url).replace("[", "[IPv6:")


def of_this_process() -> Variables:
    """Raises WrongEnvironment."""
    return read(Variables, os.environ)
