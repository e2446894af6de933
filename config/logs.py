"""Log lines: one JSON object each in production, and no secret in any."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

HIDDEN = "[hidden]"
SECRET_NAME = re.compile(r"password|secret|token|authorization|cookie|otp|private|credential", re.IGNORECASE)
SECRET_TEXT = (
    # headers and assignments: `Authorization: Bearer x`, `password=x`, `"token": "x"`
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(\b\w*(?:password|secret|token|otp)\w*[\"']?\s*[=:]\s*[\"']?)[^\s\"',&;)}]+"),
    # user information in an address: `postgresql://user:x@host`
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL),
)
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """`text` with what looks like a secret replaced."""
    for pattern in SECRET_TEXT:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


class NoSecrets(logging.Filter):
    """Replaces secrets in the finished message, in extra fields named like one, and in the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        for name in set(vars(record)) - STANDARD:
            value = getattr(record, name)
            if SECRET_NAME.search(name):
                setattr(record, name, HIDDEN)
            elif isinstance(value, str):
                setattr(record, name, redact(value))
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: value
            for name, value in vars(record).items()
            if name not in STANDARD and isinstance(value, str | int | float | bool | None)
        }
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
