"""Pages and gate under gunicorn on a seeded PostgreSQL, against a signed-in page that shows nothing of the record.

The empty page is the one that changes a password: the same middleware, session, person and layout, and one form. Both
are asked in turn by one client, so that a busy machine slows both. SIZE multiplies the seed (1: 60 models, 300 versions,
900 decisions; the full one of the design is `make seed` with SIZE=full on a database of its own).
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import Ground, postgresql
from config import processes

EMPTY = "/password/"
TIMES = 60
MOST_PORTAL, MOST_GATE = 6.0, 3.0
MODELS, VERSIONS, DECISIONS = 60, 300, 900


def run() -> dict[str, object]:
    """p95 of every page and of the gate, each against the empty page in the same minute."""
    size = float(os.environ.get("SIZE") or 1)
    wanted = [str(max(1, round(count * size))) for count in (MODELS, VERSIONS, DECISIONS)]
    with postgresql() as ground:
        site = json.loads(ground.python("benchmarks.site", *wanted).splitlines()[-1])
        with _portal(ground) as bind:
            cookie = {"Cookie": f"sessionid={site['session']}"}
            found = {name: _measure(bind, path, cookie) for name, path in site["pages"].items()}
            bearer = {"Authorization": f"Bearer {site['token']}"}
            gate = _measure(bind, site["gate"], bearer, plain=cookie)
        told = ground.told
    worst = max(found, key=lambda name: found[name]["ratio"])
    return {
        "what": f"p95 of the slowest page ({worst}) against an empty page; aim {MOST_PORTAL:g}",
        "database": told,
        "ratio": found[worst]["ratio"],
        "ours": f"{found[worst]['ours_ms']} ms",
        "plain": f"{found[worst]['plain_ms']} ms",
        "pages": found,
        "gate": {**gate, "aim": MOST_GATE},
        "seeded": site["seeded"],
        "seed_seconds": site["seconds"],
        "entries_per_second": round(site["seeded"]["entries"] / site["seconds"], 1),
    }


def _measure(
    bind: str, path: str, headers: dict[str, str], *, plain: dict[str, str] | None = None
) -> dict[str, float]:
    client = _client(bind)
    ours, empty = [], []
    for number in range(TIMES + 10):
        for waits, address, said in ((empty, EMPTY, plain or headers), (ours, path, headers)):
            began = time.perf_counter()
            client.request("GET", address, headers=said)
            answer = client.getresponse()
            answer.read()
            took = (time.perf_counter() - began) * 1000
            if answer.status != 200:
                raise SystemExit(f"{address}: {answer.status}")
            if number >= 10:  # what a process reads once is read by then
                waits.append(took)
    client.close()
    p95 = [statistics.quantiles(waits, n=20)[-1] for waits in (ours, empty)]
    return {
        "ratio": round(p95[0] / p95[1], 2),
        "ours_ms": round(p95[0], 1),
        "plain_ms": round(p95[1], 1),
        "median_ratio": round(statistics.median(ours) / statistics.median(empty), 2),
    }


@contextmanager
def _portal(ground: Ground) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        processes.web(bind, workers=1), env=ground.env, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(300):
            try:
                client = _client(bind)
                client.request("GET", "/healthz")
                client.getresponse().read()
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise SystemExit("the portal doesn't answer")
        yield bind
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _client(bind: str) -> http.client.HTTPConnection:
    host, _, port = bind.partition(":")
    return http.client.HTTPConnection(host, int(port), timeout=60)
