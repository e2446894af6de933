"""The processes the demo runs on: one web server, one worker, stopped when the story ends; and the lock between
`demo` and `serve`, which share one home."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from config import processes

T = TypeVar("T")
STOP_SECONDS = 10


class Stopped(RuntimeError):
    """A process ended that should run, or something awaited did not come; the message says what and where to look."""


@contextmanager
def sole_use(home: Path) -> Iterator[None]:
    """Hold the home alone. Raises Stopped if `demo` or `serve` has it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / ".home.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Stopped(
                f"{home} is in use by `make serve` or another `make demo`. Stop that first."
            ) from error
        yield


@contextmanager
def running(home: Path, *, bind: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Web server and worker on `home`, logging under it."""
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    started = []
    try:
        for name, command in (("worker", processes.worker()), ("web", processes.web(bind, threads=4))):
            with (logs / f"{name}.log").open("ab") as log:
                started.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answering(url: str) -> bool:
    """Whether the web server says it is alive."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def until(what: str, found: Callable[[], T | None], *, seconds: float, logs: Path, every: float = 0.15) -> T:
    """Wait for `found` to give something. Raises Stopped naming what did not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(every)
    raise Stopped(f"{what} did not come within {seconds:g} seconds; see {logs}")


def command(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the `modelwarrant` command as anybody would."""
    tool = Path(sys.executable).parent / "modelwarrant"
    return subprocess.run(
        [str(tool), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=180,
        check=False,
    )
