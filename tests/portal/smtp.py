"""A mail server for tests, which can be slow on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread

from tests.processes import LIMIT, finish


@dataclass
class MailServer:
    """`holds`: answers to a mail wait for `released`; `holding` tells that one does. What is never released is lost."""

    holds: bool = False
    holding: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)
    received: list[str] = field(default_factory=list)
    port: int = 0

    def accept(self, mail: str) -> None:
        if self.holds:
            self.holding.set()
            if not self.released.wait(LIMIT):
                return
        self.received.append(mail)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def listening(server: MailServer) -> Iterator[MailServer]:
    class Conversation(StreamRequestHandler):
        """Just enough of SMTP (RFC 5321)."""

        timeout = LIMIT

        def handle(self) -> None:
            self.say("220 test")
            for line in self.rfile:
                match line[:4].decode().strip().upper():
                    case "DATA":
                        self.say("354 go on")
                        server.accept(self.mail())
                        self.say("250 taken")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 test")

        def mail(self) -> str:
            return b"".join(takewhile(lambda line: line != b".\r\n", self.rfile)).decode()

        def say(self, line: str) -> None:
            try:
                self.wfile.write(f"{line}\r\n".encode())
            except BrokenPipeError:
                self.close_connection = True

    with ThreadingTCPServer(("127.0.0.1", 0), Conversation) as listener:
        listener.daemon_threads = True
        server.port = listener.server_address[1]
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        listener.shutdown()
        finish(thread)
