"""A PostgreSQL behind an address of ours, which can freeze: connections stay open, and nothing answers any more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from tests.processes import HeldPort, finish, held_port

TICK = 0.05


class Freezer:
    """The way to the server whose socket is `target`. What is sent while it is frozen waits in the kernel."""

    def __init__(self, target: str, port: HeldPort) -> None:
        self._target, self._listener = target, port.socket
        self.port = port.number
        self._open, self._ended = Event(), Event()
        self._sockets: list[socket.socket] = []
        self._listener.listen(200)
        self._listener.settimeout(TICK)
        self.thaw()

    def freeze(self) -> None:
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    def replace(self) -> None:
        """Another host takes over the address; connections to the frozen one stay open, and silent for good."""
        self._open = Event()
        self.thaw()

    def run(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                self._accept()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        self._sockets.append(near)
        while not self._open.wait(TICK):
            if self._ended.is_set():
                return
        far = socket.socket(socket.AF_UNIX)
        self._sockets.append(far)
        far.connect(self._target)
        for source, sink in ((near, far), (far, near)):
            Thread(target=self._pump, args=(source, sink, self._open), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_open: Event) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                while not is_open.wait(TICK):
                    if self._ended.is_set():
                        return
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self._ended.set()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def freezer(target: str) -> Iterator[Freezer]:
    """`target`: the path of the server's socket."""
    with held_port() as port:
        way = Freezer(target, port)
        thread = Thread(target=way.run, name="freezer", daemon=True)
        thread.start()
        try:
            yield way
        finally:
            way.end()
            finish(thread)
