"""POST to the few addresses that an operator's own files name: bounded in size and time, no redirect, no proxy."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 10
MAX_ANSWER = 1_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of any status. `kind` is its Content-Type."""

    status: int
    kind: str
    body: bytes


class NoAnswer(Exception):
    """Nobody answered, or not in a form that is read."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def url_problem(url: str) -> str:
    """Why an address isn't asked; empty where it may be."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        return f"{url[:100]!r} is not an http or https address"
    return ""


def post(url: str, body: bytes, kind: str) -> Answered:
    """The answer, whatever its status. Raises NoAnswer."""
    if problem := url_problem(url):
        raise NoAnswer(problem)
    context = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}), context)
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": kind}, method="POST")  # noqa: S310
    try:
        with opener.open(asked, timeout=SECONDS) as answer:
            return _read(answer.status, answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error.code, error)
    # Whatever urllib and the other side's bytes raise: OSError, HTTPException, ValueError.
    except Exception as error:
        raise NoAnswer(f"no answer: {getattr(error, 'reason', error)}") from error


def _read(status: int, answer: Any) -> Answered:
    try:
        body = answer.read(MAX_ANSWER + 1)
    except Exception as error:
        raise NoAnswer(f"the answer broke off: {error}") from error
    if len(body) > MAX_ANSWER:
        raise NoAnswer(f"an answer of more than {MAX_ANSWER} bytes")
    return Answered(status, answer.headers.get("Content-Type", ""), body)
