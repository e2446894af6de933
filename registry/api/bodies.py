"""Bodies that aren't JSON: a bundle as its bytes, a piece of an upload as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from ledger.errors import TooLarge
from registry.selectors.signatures import BUNDLE_LIMIT
from registry.spreadsheets import MAX_BYTES

PIECE = 256 * 1024


class BundleParser(BaseParser):
    """Gives the bytes of a bundle, whatever they are called: what is signed is checked, not what is said."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        data = stream.read(BUNDLE_LIMIT + 1)
        if len(data) > BUNDLE_LIMIT:
            raise TooLarge(f"A bundle has at most {BUNDLE_LIMIT:,} bytes.", field="bundle")
        return data


class StreamParser(BaseParser):
    """Gives a body as an iterator of pieces (bytes), never as a whole in memory."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return iter(lambda: stream.read(PIECE), b"")


class OffsetStreamParser(StreamParser):
    """The same under the media type of resumable uploads (tus 1.0.0)."""

    media_type = "application/offset+octet-stream"


class SpreadsheetParser(BaseParser):
    """Gives the bytes of a file of at most MAX_BYTES, whatever they are called; what they are is read from them."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB.", field="file")
        return data
