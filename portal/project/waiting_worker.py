"""gunicorn's worker with threads, where it has to go on: while all threads wait, and while it stops."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from portal.project import probes

HEALTH_THREADS = 2
_HEAD = 4096  # bytes in which the whole head of a health check fits


class WaitingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A connection takes a thread once it has asked something; health checks have threads of their own.

    While the database is frozen each thread waits for it, and a health check has to say so. When it stops, it first
    takes what the kernel has accepted for it: closing a listener resets those connections.
    """

    def init_process(self) -> None:
        self.health_threads = ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health")
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        if not conn.initialized and not conn.data_ready:
            self._wait_for(conn)
            return
        threads = self.health_threads if asks_for_health(conn.sock) else self.tpool
        work = threads.submit(self.handle, conn)
        work.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _wait_for(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._take_all_of(listener)
                listener.close()

    def _take_all_of(self, listener: Any) -> None:
        had = -1
        while had != self.nr_conns:
            had = self.nr_conns
            self.accept(listener)

    def _cap_keepalive(self, deadline: float) -> None:
        """Those who have asked nothing yet are waited for as long as those who may ask again."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def asks_for_health(connection: socket.socket) -> bool:
    """Looks at what has arrived and leaves it there. Half a head is not waited for: it may never end."""
    try:
        head = connection.recv(_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (OSError, ValueError):  # nothing there, or TLS, which can't be peeked into
        return False
    if b"\r\n\r\n" not in head:
        return False
    target = head.split(b" ", 2)[1:2]
    return bool(target) and target[0].partition(b"?")[0].decode("latin-1") in probes.ADDRESSES
