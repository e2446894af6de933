from __future__ import annotations

import json
import logging
import sys

import pytest

from config.logs import HIDDEN, JsonFormatter, NoSecrets, redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer mw_4f9a0c1d2e3f",
        "connect to postgresql://warrant:4f9a0c1d2e3f@db/x",
        'posted {"token": "4f9a0c1d2e3f"}',
        "password=4f9a0c1d2e3f&next=/",
        "-----BEGIN PRIVATE KEY-----\n4f9a0c1d2e3f\n-----END PRIVATE KEY-----",
    ],
)
def test_a_secret_in_a_message_is_hidden(text: str) -> None:
    assert "4f9a0c1d2e3f" not in redact(text)
    assert HIDDEN in redact(text)


def test_an_ordinary_message_is_left_alone() -> None:
    text = "GET /api/v1/versions/ 200 in 12 ms, see https://modelwarrant.example/ledger"
    assert redact(text) == text


def test_a_line_is_one_json_object_without_secrets() -> None:
    try:
        raise ValueError("bad token=4f9a0c1d2e3f")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, __file__, 1, "failed for %s", ("ci",), sys.exc_info(),
            extra={"request_id": "r1", "session_token": "4f9a0c1d2e3f"},
        )  # fmt: skip
    assert NoSecrets().filter(record)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "4f9a0c1d2e3f" not in line
    value = json.loads(line)
    assert (value["level"], value["message"], value["request_id"]) == ("error", "failed for ci", "r1")
    assert "ValueError" in value["exception"]
