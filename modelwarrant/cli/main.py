"""The `modelwarrant` command.

Each domain file beside this one has `register(subparsers)`: it adds its subcommands, gives each `--json`
(`add_command` does) and sets `run`, a function from the parsed arguments to an `Answer`. Exit codes of the
verifiers: 0 ok, 1 fault, 2 usage, 3 cannot be checked. There is never a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from modelwarrant.cli import answer, kubernetes, logs, models, proofs, service, warrants, witnesses
from modelwarrant.errors import UsageError

DOMAINS: Final = (models, warrants, kubernetes, logs, proofs, witnesses, service)


class _Parser(argparse.ArgumentParser):
    """argparse, but wrong usage is an answer like any other (so that `--json` stays JSON)."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} ({self.format_usage().strip()})")


def parser() -> argparse.ArgumentParser:
    """The whole command line, for parsing and for the documentation."""
    top = _Parser(
        prog="modelwarrant",
        description="Make and check signed models, warrants and logs; ask a ModelWarrant service.",
        epilog="Verifiers exit with 0 ok, 1 fault found, 2 wrong usage, 3 cannot be checked.",
    )
    subparsers = top.add_subparsers(metavar="COMMAND", required=True)
    for domain in DOMAINS:
        domain.register(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    as_json = "--json" in arguments
    try:
        args = parser().parse_args(arguments)
        result = args.run(args)
    except Exception as error:  # the last door: whatever happens is an answer, not a traceback
        result = answer.from_error(error)
    except KeyboardInterrupt:
        result = answer.Answer("CANNOT BE CHECKED: interrupted", code=answer.CANNOT_CHECK)
    try:
        answer.write(result, sys.stdout, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader left (`| head`); the exit code still tells. Python would complain again while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(result.code)


if __name__ == "__main__":
    sys.exit(main())
