"""The witness on HTTP: `add-checkpoint` on the standard library's server, bounded in size, time and threads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from modelwarrant.errors import CannotCheck
from modelwarrant.witness import MAX_REQUEST_BYTES, TEXT_TYPE, Answer, Witness

SECONDS: Final = 10
MAX_THREADS: Final = 32
PATH: Final = "/add-checkpoint"
MAX_DISCARDED_BYTES: Final = 1 << 20


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; `log` gets one line per request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], witness: Witness, log: Callable[[str], None]) -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self.log = log
        self._places = threading.BoundedSemaphore(MAX_THREADS)

    def process_request(self, request: object, client_address: object) -> None:
        """As in the base class, but no more threads at once than MAX_THREADS."""
        self._places.acquire()
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Run in the request's thread."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left, mostly: nothing of it changed the state."""
        self.log(f"{client_address}: the connection broke")


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    timeout = SECONDS
    protocol_version = "HTTP/1.1"
    server_version = "modelwarrant-witness"
    sys_version = ""

    def do_POST(self) -> None:
        """The one call a witness answers."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            answer = Answer(404, TEXT_TYPE, b"a witness answers POST /add-checkpoint\n")
        elif not length.isdecimal() or int(length) > MAX_REQUEST_BYTES:
            answer = Answer(413, TEXT_TYPE, b"a Content-Length of at most %d is needed\n" % MAX_REQUEST_BYTES)
        else:
            answer = self._decide(self.rfile.read(int(length)))
            self._send(answer)
            return
        self.close_connection = True
        self._send(answer)
        self._discard()

    def do_GET(self) -> None:
        """Who this is, for a person who looks."""
        if self.path != "/":
            self._send(Answer(404, TEXT_TYPE, b"not found\n"))
            return
        self._send(Answer(200, TEXT_TYPE, f"{self.server.witness.cosigner.verifier.vkey}\n".encode()))

    def _discard(self) -> None:
        """Read on for a while: closing on unread bytes resets the connection before the client has read why
        (RFC 9112, section 9.6)."""
        self.connection.shutdown(socket.SHUT_WR)
        left = MAX_DISCARDED_BYTES
        while left > 0 and (data := self.rfile.read1(min(left, 65_536))):
            left -= len(data)

    def _decide(self, body: bytes) -> Answer:
        try:
            return self.server.witness.add_checkpoint(body)
        except (CannotCheck, OSError) as error:
            self.server.log(f"no answer: {error}")
            return Answer(503, TEXT_TYPE, b"the witness's state can't be read or written\n")

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        reason = "" if answer.status == 200 else f": {answer.body.decode('utf-8', 'replace').strip()}"
        self.server.log(
            f"{self.client_address[0]} {self.command} {self.path[:100]!r} {answer.status}{reason}"
        )

    def log_message(self, format: str, *args: object) -> None:
        """Said by `_send`."""
