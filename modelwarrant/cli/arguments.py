"""Pieces of command line that several domains share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from modelwarrant import status
from modelwarrant.cli.answer import Answer
from modelwarrant.errors import CannotCheck, Fault


def add_command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], Answer],
    help_text: str,
) -> argparse.ArgumentParser:
    """A subcommand with `--json` and its `run`."""
    command: argparse.ArgumentParser = subparsers.add_parser(name, help=help_text, description=help_text)
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.set_defaults(run=run)
    return command


def read_bytes(path: str, *, limit: int) -> bytes:
    """A file of at most `limit` bytes. Raises CannotCheck if unreadable, Fault if too large."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror or error}") from error
    if len(data) > limit:
        raise Fault("malformed", f"{path}: larger than {limit} bytes")
    return data


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that whoever is interrupted has the old one or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


def read_seen(path: str | None) -> status.Seen | None:
    """The newest status list that `--seen FILE` remembers; None where there is no such file yet."""
    if path is None or not Path(path).exists():
        return None
    return status.read_seen(read_bytes(path, limit=4096))
