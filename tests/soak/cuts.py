"""The line to the database is cut inside COMMIT: `TARGET=postgresql://... python -m tests.soak.cuts ROUNDS`.

A relay between this process and PostgreSQL breaks the connection when it sees COMMIT, by turns before the server gets
it and before its answer comes back. Each request has an Idempotency-Key and is sent again until it is answered. Prints
as JSON how the first tries ended, which rows there are, and those that verify. Run by test_cuts with an environment of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

TARGET = urlsplit(os.environ["TARGET"])


class Relay:
    """Passes bytes on; `cut` is "" or where to break: "before" the server gets a COMMIT, or "after"."""

    def __init__(self) -> None:
        self.cut = ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection((TARGET.hostname, TARGET.port or 5432))
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if asks and self.cut and b"COMMIT" in data:
                    where, self.cut = self.cut, ""
                    if where == "after":
                        # The answer has nowhere to go any more, but the server has the statement.
                        source.shutdown(socket.SHUT_RDWR)
                        sink.sendall(data)
                        sink.shutdown(socket.SHUT_WR)
                        return
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


RELAY = Relay()
os.environ["DATABASE_URL"] = TARGET._replace(
    netloc=f"{TARGET.netloc.rpartition('@')[0]}@127.0.0.1:{RELAY.port}"
).geturl()

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402

from ledger.actors import Actor  # noqa: E402
from ledger.errors import OutcomeUnknown  # noqa: E402
from ledger.models import Entry  # noqa: E402
from ledger.services.idempotency import once  # noqa: E402
from registry.models import System  # noqa: E402
from tests.soak import stops  # noqa: E402
from tests.soak.kills import fork, verified  # noqa: E402
from tests.soak.writer import write  # noqa: E402

ACTOR = Actor.system("soak")


def is_there(slug: str, *, patient: bool) -> bool:
    """Whether a row is there, or comes soon: the server may still be at the COMMIT that nobody waits for."""
    for _ in range(200 if patient else 1):
        if System.objects.filter(slug=slug).exists():
            return True
        time.sleep(0.02)
    return False


def main(rounds: int) -> None:
    stops.begin()
    ends: Counter[str] = Counter()
    for number in range(rounds):

        def work(number: int = number) -> str:
            write("cut", number)
            return f"cut-{number}"

        where = RELAY.cut = ("before", "after")[number % 2]
        request = {"actor": ACTOR, "key": f"k{number}", "request_digest": f"d{number}"}
        answer = None
        for _ in range(3):
            try:
                answer = once(**request, work=work)
                break
            except OutcomeUnknown as error:
                there = is_there(f"cut-{number}", patient=where == "after")
                ends[f"{where}, {error.code}, {'there' if there else 'not there'}"] += 1
        if answer != f"cut-{number}" or RELAY.cut:
            raise SystemExit(f"round {number}, cut {where}: answered {answer}")
        connection.close()
    rows = sorted(System.objects.values_list("slug", flat=True))
    entries = Entry.objects.filter(event="registry.system_registered").count()
    connection.close()
    code, told = fork(verified)
    if code:
        raise SystemExit(told)
    print(json.dumps({"ends": ends, "rows": rows, "entries": entries, "verified": json.loads(told)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
