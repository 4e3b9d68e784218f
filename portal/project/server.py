"""The production server's settings: `gunicorn --config python:portal.project.server portal.wsgi` (`make serve`).

gunicorn reads the names in lower case; GUNICORN_CMD_ARGS in the environment overrides each of them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import tempfile
import traceback
from threading import Timer
from typing import Any

from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.util import write_nonblock

from portal.project import probes
from portal.project.environment import faults_explained
from portal.project.streams import speak_utf8
from portal.project.variables import of_this_process
from portal.project.waiting_worker import WaitingWorker

speak_utf8()

COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR"

with faults_explained():
    _env = of_this_process()

bind = f"[{_env.HOST}]:{_env.PORT}" if ":" in _env.HOST else f"{_env.HOST}:{_env.PORT}"
workers = _env.WEB_CONCURRENCY
preload_app = True  # workers share what is loaded once
# Said before prometheus-client is loaded: each worker counts in files of its own, and who is asked adds them up.
raw_env = [f"{COUNTED_IN}=made when the server starts"]
control_socket_disable = True

# Where each worker tells that it lives, and what it counted: in memory, even where no disk can be written to.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - an open file without a name

# 24 half-open requests starve 2 workers of 4 threads.
threads = 16

# A load balancer keeps idle connections for 60 seconds (AWS, nginx) and reuses them: it must be the
# first to close, or the next request is a 502.
keepalive = 75

# The longest request line gunicorn accepts: a filter of 4 KiB, percent-encoded.
limit_request_line = 8190
# Two cookies of an authenticating proxy (4 KiB each), plus those of the company's other applications.
limit_request_field_size = 32 * 1024

SCIM_PREFIX = "/scim/"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

_UNREADABLE = (400, "Bad Request", "The request is not HTTP as it should be.")
_TOLD: dict[type[Exception], tuple[int, str, str]] = {
    errors.LimitRequestLine: (
        414,
        "URI Too Long",
        f"The address is longer than {limit_request_line} bytes: search by POST to /.search instead.",
    ),
    errors.LimitRequestHeaders: (
        431,
        "Request Header Fields Too Large",
        f"There are too many headers, or one is longer than {limit_request_field_size} bytes.",
    ),
    errors.ExpectationFailed: (417, "Expectation Failed", "Only Expect: 100-continue is understood."),
    errors.UnsupportedTransferCoding: (501, "Not Implemented", "Only Transfer-Encoding: chunked is understood."),
}


def when_ready(server: Any) -> None:
    """SIGTERM: first readiness goes, so that balancers look elsewhere; a while later, or told once more, it stops."""
    stop = server.handle_term

    def leave() -> None:
        if probes.is_leaving() or not _env.DRAIN_SECONDS:
            stop()
        probes.leave()
        server.log.info("Serving for %s more seconds, no longer ready", _env.DRAIN_SECONDS)
        again = Timer(_env.DRAIN_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
        again.daemon = True
        again.start()

    server.handle_term = leave


def pre_request(worker: Any, request: Any) -> None:
    """No client keeps a connection to a server that is shutting down."""
    if probes.is_leaving():
        request.force_close()


class Worker(WaitingWorker):
    """gunicorn's own, but unparsable requests under /scim/, which no application sees, get a SCIM answer."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, errors.ParseException) or not _target(req, exc).startswith(SCIM_PREFIX):
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Invalid request from ip=%s: %s", (addr or ("",))[0], exc)
        try:
            write_nonblock(client, _answer(*_TOLD.get(type(exc), _UNREADABLE)))
        except OSError:
            self.log.debug("Failed to send error message.")


worker_class = Worker


def on_starting(server: Any) -> None:
    """gunicorn calls it once the application is loaded, before there are workers."""
    from portal.project.start import tell_of_waiting_migrations  # noqa: PLC0415 - needs Django set up

    tell_of_waiting_migrations()
    os.environ[COUNTED_IN] = tempfile.mkdtemp(prefix="gatehouse-metrics-", dir=worker_tmp_dir)
    server.cfg.set("raw_env", [f"{COUNTED_IN}={os.environ[COUNTED_IN]}"])  # each worker is signalled again


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ[COUNTED_IN], ignore_errors=True)


def post_worker_init(worker: Worker) -> None:
    """Background threads start after the fork, since they don't survive it."""
    worker.wsgi.begin()


def child_exit(server: Any, worker: Worker) -> None:
    """What it counted stays in the sums; what it only had at the moment goes."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - looks at the environment when it is loaded

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_exit(server: Any, worker: Worker) -> None:
    if worker.wsgi is not None:
        worker.wsgi.end()


def _target(req: Any, exc: Exception) -> str:
    """The requested path. gunicorn fails before there is a request: only its parser's frames know it."""
    if req is not None:
        return str(req.path)
    for frame, _ in traceback.walk_tb(exc.__traceback__):
        parser, read = frame.f_locals.get("self"), frame.f_locals.get("buf")
        if isinstance(parser, Request) and parser.path:
            return str(parser.path)
        if isinstance(parser, Request) and read:
            return bytes(read[:200]).decode("latin-1").partition(" ")[2]
    return ""


def _answer(status: int, reason: str, detail: str) -> bytes:
    body = json.dumps({"schemas": [ERROR_SCHEMA], "status": str(status), "detail": detail}).encode()
    head = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/scim+json",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body
