"""PostgreSQL for the tests: the one that is there, or an instance of our own in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

DEFAULT_URL = "postgresql://postgres@127.0.0.1:5432/postgres"
UNPRIVILEGED = ("postgres", "nobody")
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}


class NoServer(Exception):
    """Why there is no PostgreSQL to test on."""


def reachable(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


class OwnServer:
    """An instance that lives as long as a test run; PostgreSQL refuses root, so root starts it as someone else."""

    def __init__(self, options: dict[str, str] = OPTIONS) -> None:
        self.options = options
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
        if not programs:
            raise NoServer("no server at TEST_DATABASE_URL or localhost:5432, and no PostgreSQL is installed")
        self.bin = programs[-1].parent
        self.folder = Path(tempfile.mkdtemp(prefix="modelwarrant-pg-"))
        self.as_user: list[str] = []
        if os.geteuid() == 0:
            user = next(pwd.getpwnam(name) for name in UNPRIVILEGED if _exists(name))
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["runuser", "-u", user.pw_name, "--"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        data = str(self.folder / "data")
        creation = ("--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        self._run("initdb", "--pgdata", data, *creation)
        self.up()

    def up(self) -> None:
        """Start the server on the data it has."""
        data, log = str(self.folder / "data"), str(self.folder / "log")
        settings = " ".join(f"-c {name}={value}" for name, value in self.options.items())
        listen = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder}"
        self._run("pg_ctl", "--pgdata", data, "--wait", "--log", log, "-o", f"{listen} {settings}", "start")

    def crash(self) -> None:
        """End the server in the middle of whatever it does; the data stay."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "--mode", "immediate", "stop")

    def stop(self) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        # to a file, not a pipe: the server keeps what pg_ctl was given open for as long as it lives
        with tempfile.TemporaryFile() as output:
            command = [*self.as_user, str(self.bin / program), *arguments]
            done = subprocess.run(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace")[-500:]
                raise NoServer(f"{program} ended with {done.returncode}: {said}")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
