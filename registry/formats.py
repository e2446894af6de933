"""Which format a file has, told from its header alone. Pure: reads a few bytes, loads and runs nothing.

The answer is never "clean": a format that can run code when loaded is named as such, and the absence of a
finding says nothing about the content.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

Executable = Literal["yes", "no", "unknown"]

HEAD = 4096
SAFETENSORS_HEADER = 25 * 1024 * 1024
"""Bytes of JSON header that are read; the format's own limit is 100 MB, real headers are below 10 MB."""
ZIP_DIRECTORY = 64 * 1024 * 1024
ZIP_ENTRIES = 100_000

_RUNS = "Can run code when loaded; not scanned, so not verified."
_MAY = "Whether loading it runs code is unknown; not verified."
_DATA = "Loading it runs no code; its content was not verified."


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """`fault` says why the file contradicts its own header; such a file is refused."""

    name: str
    executable: Executable
    note: str
    fault: str = ""


def describe(file: BinaryIO, size: int, name: str = "") -> FormatFacts:
    """The format of a seekable file of `size` bytes. `name` helps only where the bytes have no mark."""
    file.seek(0)
    head = file.read(HEAD)
    lower = name.lower()
    for matches, read in _READERS:
        if matches(head, lower):
            return read(file, head, size, lower)
    return _facts("unknown format", "unknown")


def _facts(name: str, executable: Executable, fault: str = "") -> FormatFacts:
    return FormatFacts(name, executable, {"yes": _RUNS, "no": _DATA, "unknown": _MAY}[executable], fault)


def _plain(name: str, executable: Executable) -> Callable[[BinaryIO, bytes, int, str], FormatFacts]:
    return lambda file, head, size, lower: _facts(name, executable)


def _safetensors(file: BinaryIO, head: bytes, size: int, lower: str) -> FormatFacts:
    fault = ""
    if size < 8 or len(head) < 8:
        fault = "The header is cut off."
    else:
        (length,) = struct.unpack("<Q", head[:8])
        if length > size - 8:
            fault = f"The header claims {length} bytes in a file of {size}."
        elif length > SAFETENSORS_HEADER:
            fault = f"The header has {length} bytes; at most {SAFETENSORS_HEADER:,} are read."
        else:
            file.seek(8)
            fault = _tensor_fault(file.read(length), size - 8 - length)
    return _facts("safetensors", "no", fault)


def _tensor_fault(header: bytes, data: int) -> str:
    try:
        tensors = json.loads(header, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError) as error:
        return f"The header isn't sound JSON: {str(error)[:100]}."
    if not isinstance(tensors, dict):
        return "The header isn't an object."
    for name, tensor in tensors.items():
        if name == "__metadata__":
            continue
        offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if not (
            isinstance(offsets, list)
            and len(offsets) == 2
            and all(type(offset) is int for offset in offsets)
            and 0 <= offsets[0] <= offsets[1] <= data
        ):
            return f"Tensor {name[:100]!r} lies outside the file."
    return ""


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _gguf(file: BinaryIO, head: bytes, size: int, lower: str) -> FormatFacts:
    if len(head) < 24:
        return _facts("gguf", "unknown", "The header is cut off.")
    tensors, pairs = struct.unpack("<QQ", head[8:24])
    # A tensor's entry has at least 24 bytes, a key-value pair at least 13.
    if tensors * 24 + pairs * 13 > size:
        fault = f"The header claims {tensors} tensors and {pairs} values in a file of {size} bytes."
        return _facts("gguf", "unknown", fault)
    return _facts("gguf", "unknown")


def _npy(file: BinaryIO, head: bytes, size: int, lower: str) -> FormatFacts:
    objects = b"'|O'" in head[:1024] or b"'O'" in head[:1024]
    return _facts("npy with Python objects", "yes") if objects else _facts("npy", "no")


def _zip(file: BinaryIO, head: bytes, size: int, lower: str) -> FormatFacts:
    entries, directory = zip_directory(file, size)
    if entries is None:
        return _facts("zip archive", "unknown", "The zip directory is missing or cut off.")
    if entries > ZIP_ENTRIES or directory > ZIP_DIRECTORY:
        return _facts("zip archive", "unknown", f"The zip directory has {entries} entries.")
    (length,) = struct.unpack("<H", head[26:28]) if len(head) >= 30 else (0,)
    first = head[30 : 30 + length]
    if first.endswith(b"data.pkl") or lower.endswith((".pt", ".pth", ".ckpt")):
        return _facts("PyTorch archive (pickle inside)", "yes")
    if first.endswith(b".npy") or lower.endswith(".npz"):
        return _facts("npz", "unknown")
    if lower.endswith(".keras") or first in (b"metadata.json", b"config.json"):
        return _facts("Keras archive", "unknown")
    if lower.endswith(".skops") or first == b"schema.json":
        return _facts("skops archive", "unknown")
    return _facts("zip archive", "unknown")


def zip_directory(file: BinaryIO, size: int) -> tuple[int | None, int]:
    """(entries, bytes of the central directory) as the end record claims (APPNOTE 4.3.16, 4.3.14).

    (None, 0) if there is no sound end record. Read before any zip library, which would load it all.
    """
    tail_at = max(0, size - 65_557)
    file.seek(tail_at)
    tail = file.read(65_557)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return None, 0
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries == 0xFFFF or directory == 0xFFFFFFFF:
        locator = tail[at - 20 : at] if at >= 20 else b""
        if locator[:4] != b"PK\x06\x07":
            return None, 0
        (place,) = struct.unpack("<Q", locator[8:16])
        if place > size - 56:
            return None, 0
        file.seek(place)
        record = file.read(56)
        if record[:4] != b"PK\x06\x06":
            return None, 0
        entries, directory = struct.unpack("<QQ", record[32:48])
    if directory > size:
        return None, 0
    return entries, directory


def _tar(head: bytes, lower: str) -> bool:
    return head[257:262] == b"ustar"


def _marked(*marks: bytes) -> Callable[[bytes, str], bool]:
    return lambda head, lower: head.startswith(marks)


def _named(*endings: str) -> Callable[[bytes, str], bool]:
    return lambda head, lower: lower.endswith(endings)


def _pickled(head: bytes, lower: str) -> bool:
    return len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5


def _is_safetensors(head: bytes, lower: str) -> bool:
    return lower.endswith(".safetensors") or (head[8:9] == b"{" and not head.isascii())


def _text(head: bytes, lower: str) -> bool:
    try:
        text = head[: HEAD - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and "\0" not in text


Matches = Callable[[bytes, str], bool]
Reads = Callable[[BinaryIO, bytes, int, str], FormatFacts]

# In order: marks in the bytes first, names only where a format has none. What could run code is never
# outvoted by a harmless name.
_READERS: tuple[tuple[Matches, Reads], ...] = (
    (lambda head, lower: not head, _plain("empty file", "no")),
    (_marked(b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"#!"), _plain("program", "yes")),
    (_pickled, _plain("pickle", "yes")),
    (_marked(b"PK\x03\x04", b"PK\x05\x06"), _zip),
    (_marked(b"GGUF"), _gguf),
    (_marked(b"\x93NUMPY"), _npy),
    (_marked(b"\x89HDF\r\n\x1a\n"), _plain("HDF5 (Keras models can hold code)", "unknown")),
    (_marked(b"PAR1"), _plain("Parquet", "no")),
    (_marked(b"\x1f\x8b"), _plain("gzip", "unknown")),
    (_marked(b"BZh"), _plain("bzip2", "unknown")),
    (_marked(b"\xfd7zXZ\x00"), _plain("xz", "unknown")),
    (_marked(b"\x28\xb5\x2f\xfd"), _plain("zstd", "unknown")),
    (_marked(b"7z\xbc\xaf\x27\x1c"), _plain("7z archive", "unknown")),
    (_marked(b"Rar!"), _plain("rar archive", "unknown")),
    (_tar, _plain("tar archive", "unknown")),
    (_named(".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"), _plain("pickle", "yes")),
    (_named(".py", ".sh", ".so", ".dll", ".pyc"), _plain("program", "yes")),
    (_is_safetensors, _safetensors),
    (_named(".onnx"), _plain("ONNX", "unknown")),
    (_named(".json"), _plain("JSON", "no")),
    (_named(".yaml", ".yml"), _plain("YAML", "unknown")),
    (_named(".csv"), _plain("CSV", "no")),
    (_text, _plain("text", "unknown")),
)

ARCHIVES = frozenset(
    {"zip archive", "gzip", "bzip2", "xz", "zstd", "7z archive", "rar archive", "tar archive"}
)
"""Names of formats that hold files; never unpacked inside another archive."""
