"""A mail server that takes everything and remembers it, for tests: enough of RFC 5321 for smtplib."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any


class _Session(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self._say(220)
        while line := self.rfile.readline():
            word = line[:4].strip().upper()
            if word == b"DATA":
                self._say(354)
                self._take()
            elif word == b"RCPT" and self.server.refusing:
                self.wfile.write(b"451 not now\r\n")
            else:
                self._say(221 if word == b"QUIT" else 250)
                if word == b"QUIT":
                    return

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        self._say(250)

    def _say(self, code: int) -> None:
        self.wfile.write(f"{code} ok\r\n".encode())


class Mailbox(socketserver.ThreadingTCPServer):
    """`mails` holds what came; `refusing` makes it answer "not now"."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[EmailMessage] = []
        self.refusing = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)
