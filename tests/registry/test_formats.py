from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest

from registry.formats import describe


def facts(data: bytes, name: str = ""):
    return describe(io.BytesIO(data), len(data), name)


def safetensors(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return target.getvalue()


SOUND = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()


@pytest.mark.parametrize(
    ("data", "name", "format_name", "executable"),
    [
        (b"\x80\x04.", "innocent.bin", "pickle", "yes"),
        (b"cos\nsystem\n", "model.pkl", "pickle", "yes"),
        (zipped("archive/data.pkl"), "m.bin", "PyTorch archive (pickle inside)", "yes"),
        (zipped("a.npy"), "m.npz", "npz", "unknown"),
        (zipped("metadata.json", "config.json"), "m.keras", "Keras archive", "unknown"),
        (zipped("schema.json"), "m.skops", "skops archive", "unknown"),
        (safetensors(SOUND, b"\0" * 4), "m.safetensors", "safetensors", "no"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "m.gguf", "gguf", "unknown"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '|O', }", "a.npy", "npy with Python objects", "yes"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', }", "a.npy", "npy", "no"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 8, "m.h5", "HDF5 (Keras models can hold code)", "unknown"),
        (b"7z\xbc\xaf\x27\x1c", "m.pkl", "7z archive", "unknown"),
        (b"\x7fELF", "data.csv", "program", "yes"),
        (b"a,b\n1,2\n", "data.csv", "CSV", "no"),
        (b'{"a": 1}', "config.json", "JSON", "no"),
        (b"\x08\x07", "m.onnx", "ONNX", "unknown"),
        (b"\xff\xfe\x00\x01", "m", "unknown format", "unknown"),
        (b"", "m", "empty file", "no"),
    ],
)
def test_formats_are_told_from_their_bytes(data, name, format_name, executable):
    found = facts(data, name)
    assert (found.name, found.executable, found.fault) == (format_name, executable, "")
    assert "clean" not in found.note


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (struct.pack("<Q", 2**63) + b"{}", "m.safetensors"),
        (safetensors(b'{"w": {"data_offsets": [-4, 4]}}', b"\0" * 8), "m.safetensors"),
        (safetensors(b'{"w": {"data_offsets": [0, 9]}}', b"\0" * 8), "m.safetensors"),
        (
            safetensors(b'{"w": {"data_offsets": [0, 4]}, "w": {"data_offsets": [4, 8]}}', b"\0" * 8),
            "m.safetensors",
        ),
        (safetensors(b"[" * 100_000), "m.safetensors"),
        (b"short", "m.safetensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60), "m.gguf"),
        (b"PK\x03\x04 and no directory", "m.zip"),
        (b"PK\x05\x06" + b"\0" * 4 + struct.pack("<HHIIH", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0), "m.zip"),
    ],
)
def test_a_file_that_contradicts_its_header_is_a_fault(data, name):
    assert facts(data, name).fault
