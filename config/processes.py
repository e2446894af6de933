"""The commands of the service's processes, in one place for `demo`, `serve`, the image and the tests.

Knows how each is started, not when.
"""

from __future__ import annotations

import sys


def web(bind: str, *, workers: int = 1, threads: int = 4) -> list[str]:
    """gunicorn on `bind` (host:port), without its control socket, which it would open in the home directory."""
    return [
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
        *("--bind", bind, "--workers", str(workers), "--threads", str(threads)),
        *("--no-control-socket", "--access-logfile", "-", "--log-level", "warning"),
        *("--worker-tmp-dir", "/dev/shm"),  # noqa: S108  gunicorn makes its own file there
    ]


def worker() -> list[str]:
    """A Celery worker; in embedded mode it carries beat in a thread of its own."""
    return [
        *(sys.executable, "-m", "celery", "--app", "config", "worker"),
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat() -> list[str]:
    """Celery beat as its own process, for a network broker."""
    return [sys.executable, "-m", "celery", "--app", "config", "beat", "--loglevel", "INFO"]
