"""A small HTTP client of a ModelWarrant service, for CI and serving. It fails closed.

Only a 2xx answer with JSON counts. A redirect (to a sign-in page, say), HTML, a timeout or a 5xx is `Unreachable`;
a 4xx is `Problem` with the service's own words (RFC 9457). Nothing here decides: it asks and tells.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

API: Final = "/api/v1"
PIECE: Final = 4 * 2**20
MAX_ANSWER: Final = 64 * 2**20
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Unreachable(Exception):
    """The service gave no answer that can be believed."""


class Problem(Exception):
    """The service refused. `code` is its stable word, `reasons` every reason it gave."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(document.get("code", ""))
        self.field = str(document.get("field", ""))
        self.reasons: list[dict[str, Any]] = list(document.get("reasons", []))
        self.errors: list[dict[str, Any]] = list(document.get("errors", []))
        detail = str(document.get("detail", f"status {status}"))
        super().__init__(f"{self.field}: {detail}" if self.field else detail)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # A token must not follow wherever an answer points.
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Client:
    """`url` is the service's root; `token` goes into the Authorization header and nowhere else.

    Raises ValueError for an address that would carry the token in clear over a network.
    """

    def __init__(
        self, url: str, token: str, *, timeout: float = 30.0, context: ssl.SSLContext | None = None
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"not the address of a service: {url!r}")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError(f"{url}: plain http would show the token to the network; use https")
        self._root = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), urllib.request.ProxyHandler({})]
        handlers.append(urllib.request.HTTPSHandler(context=context or ssl.create_default_context()))
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, **query: str) -> Any:
        """The JSON of a GET."""
        return self._json("GET", _with_query(path, query))

    def get_bytes(self, path: str) -> bytes:
        """The body of a GET, byte for byte."""
        return self._call("GET", path, None, {})[1]

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """The JSON of a POST; `key` is an idempotency key: a retry with it has its effect once."""
        return self._send("POST", path, body, key)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON of a PATCH."""
        return self._send("PATCH", path, body, None)

    def post_bytes(self, path: str, body: bytes, media_type: str) -> Any:
        """The JSON of a POST of raw bytes."""
        return self._decoded(*self._call("POST", path, body, {"Content-Type": media_type}))

    def pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            if not page.get("next"):
                return
            following = urllib.parse.urlsplit(page["next"])
            page = self._json("GET", f"{following.path.removeprefix(API)}?{following.query}")

    def upload(
        self, path: Path, *, purpose: str, said: Callable[[int, int], None] | None = None, **owner: str
    ) -> dict[str, Any]:
        """Upload a file for `purpose`; `owner` is `model` or `system` with its id. Resumes at the service's offset.

        `said(sent, size)` hears of progress.
        """
        size, digest = _measure(path)
        upload: dict[str, Any] = self.post(
            "/uploads", {"purpose": purpose, "size": size, "digest": digest, "name": path.name, **owner}
        )
        where, offset = f"/uploads/{upload['id']}", int(upload.get("offset") or 0)
        with path.open("rb") as file:
            file.seek(offset)
            while piece := file.read(PIECE):
                headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
                self._call("PATCH", where, piece, headers)
                offset += len(piece)
                if said is not None:
                    said(offset, size)
        finished: dict[str, Any] = self.post(f"{where}/finish")
        return finished

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, key: str | None) -> Any:
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._decoded(*self._call(method, path, json.dumps(dict(body or {})).encode(), headers))

    def _json(self, method: str, path: str) -> Any:
        return self._decoded(*self._call(method, path, None, {}))

    def _decoded(self, media_type: str, body: bytes) -> Any:
        if not body:
            return None
        if not media_type.startswith("application/json"):
            raise Unreachable(
                f"the answer is {media_type or 'of no type'}, not JSON: is this the service's address?"
            )
        try:
            return json.loads(body)
        except ValueError as error:
            raise Unreachable("the answer isn't JSON") from error

    def _call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[str, bytes]:
        request = urllib.request.Request(  # noqa: S310 - scheme checked above
            f"{self._root}{API}{path}", data=body, method=method, headers=dict(headers)
        )
        request.add_header("Accept", "application/json, application/problem+json")
        request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return answer.headers.get("Content-Type", ""), _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from error
        except (urllib.error.URLError, TimeoutError, OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._root}: {getattr(error, 'reason', None) or error}") from error


def _read(answer: Any) -> bytes:
    body: bytes = answer.read(MAX_ANSWER + 1)
    if len(body) > MAX_ANSWER:
        raise Unreachable("the answer is too large")
    return body


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if 400 <= error.code < 500:
        try:
            document = json.loads(_read(error))
        except ValueError:
            document = None
        if isinstance(document, dict) and "detail" in document:
            return Problem(error.code, document)
    if 300 <= error.code < 400:
        return Unreachable(f"the service redirects (status {error.code}); redirects are not followed")
    return Unreachable(f"the service answered with status {error.code}")


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urllib.parse.urlencode(query)}" if query else path


def _measure(path: Path) -> tuple[int, str]:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
        return file.tell(), found.hexdigest()
