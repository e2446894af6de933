"""What a verifier can answer besides "ok".

The three classes are the three other exit codes of the command line: a fault was found (1), the question
was asked wrongly (2), the question cannot be answered with what was given (3). Nothing here knows what was
verified.
"""

from __future__ import annotations


class Fault(Exception):
    """Verified and found wrong: exit code 1.

    `kind` is one lower-case word or phrase of a format's page ("changed", "missing", "bad signature").
    `index` is the zero-based place of the first bad item (log entry, file, statement), where there is one.
    """

    def __init__(self, kind: str, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.index = index

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class CannotCheck(Exception):
    """Neither right nor wrong can be shown: an unknown key, an unreadable file. Exit code 3, never 0."""


class UsageError(Exception):
    """The caller asked wrongly: a missing anchor, an argument that can't be read. Exit code 2."""
