"""Signed notes (c2sp.org/signed-note), checkpoints (c2sp.org/tlog-checkpoint), cosignatures v1
(c2sp.org/tlog-cosignature), all with Ed25519.

Strict where a lenient reader would let two byte strings mean the same: base64 must be the encoder's own,
numbers have no leading zeros, a known key signs once. Keys are handed in; none is looked up.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

ED25519: Final = 0x01
COSIGNATURE_V1: Final = 0x04
MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
MAX_ORIGIN_BYTES: Final = 255

_DASH: Final = "— "
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_Y_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# y coordinates of all points whose order divides 8: under such a key one signature fits many messages.
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


@dataclass(frozen=True)
class Verifier:
    """A public key under a name. `algorithm` is ED25519 (a log) or COSIGNATURE_V1 (a witness)."""

    name: str
    public: bytes
    algorithm: int = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_public_key(self.public)
        if self.algorithm not in (ED25519, COSIGNATURE_V1):
            raise ValueError(f"signature type 0x{self.algorithm:02x} is not supported")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || 0x0A || type || public key)."""
        return sha256(self.name.encode("utf-8") + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """`name+key id+base64(type || public key)`, as printed and given on command lines."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public)}"

    @classmethod
    def from_vkey(cls, vkey: str) -> Verifier:
        """Raises ValueError saying what is wrong with the key."""
        parts = vkey.strip("\n").split("+", 2)
        if len(parts) != 3:
            raise ValueError("a verifier key has the form name+id+base64")
        key = decode_base64(parts[2])
        if len(key) != 33:
            raise ValueError(f"verifier key material of {len(key)} bytes, not 33")
        verifier = cls(parts[0], key[1:], key[0])
        if verifier.key_id.hex() != parts[1]:
            raise ValueError("the verifier key's id does not belong to its name and key")
        return verifier

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Check the bytes that follow the key id on a signature line. Returns a cosignature's time (POSIX
        seconds), None for a plain one. Raises Fault("bad signature")."""
        time: int | None = None
        message = text
        if self.algorithm == COSIGNATURE_V1 and len(signature) == 72:
            time = int.from_bytes(signature[:8], "big")
            signature = signature[8:]
            message = f"cosignature/v1\ntime {time}\n".encode() + text
            if time > MAX_SIZE:
                raise Fault("bad signature", f"{self.name}: time beyond 2^63 - 1")
        if len(signature) != 64:
            raise Fault("bad signature", f"{self.name}: signature of the wrong length")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Fault("bad signature", f"the signature by {self.name} does not fit the text") from None
        return time


@dataclass(frozen=True)
class Signer:
    """Signs notes under a name. `sign` maps a message to 64 bytes of Ed25519, wherever the key lives."""

    name: str
    public: bytes
    sign: Callable[[bytes], bytes]

    def __post_init__(self) -> None:
        _check_name(self.name)
        check_public_key(self.public)

    @classmethod
    def from_private_key(cls, name: str, key: Ed25519PrivateKey) -> Signer:
        """A signer for a key in memory."""
        return cls(name, key.public_key().public_bytes_raw(), key.sign)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.public)

    def signature_line(self, text: bytes) -> str:
        """The line that signs `text`, newline included."""
        return f"{_DASH}{self.name} {encode_base64(self.verifier.key_id + self.sign(text))}\n"


@dataclass(frozen=True)
class Cosigner:
    """A witness's key: signs a checkpoint's text together with the time it did so (c2sp.org/tlog-cosignature)."""

    name: str
    public: bytes
    sign: Callable[[bytes], bytes]

    @classmethod
    def from_private_key(cls, name: str, key: Ed25519PrivateKey) -> Cosigner:
        """A cosigner for a key in memory."""
        return cls(name, key.public_key().public_bytes_raw(), key.sign)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.public, COSIGNATURE_V1)

    def signature_line(self, text: bytes, time: int) -> str:
        """The line that cosigns a checkpoint's `text` at `time` (POSIX seconds), newline included."""
        signed = self.sign(f"cosignature/v1\ntime {time}\n".encode() + text)
        return (
            f"{_DASH}{self.name} {encode_base64(self.verifier.key_id + time.to_bytes(8, 'big') + signed)}\n"
        )


@dataclass(frozen=True)
class Signature:
    """One signature line. `time` is a cosignature's POSIX time, once verified."""

    name: str
    key_id: bytes
    signature: bytes
    time: int | None = None


@dataclass(frozen=True)
class Note:
    """A note of which at least one signature was verified. `unverified` are by keys nobody vouched for."""

    text: str
    verified: tuple[Signature, ...]
    unverified: tuple[Signature, ...]


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """A note: text, empty line, one line per signer. Raises ValueError for text that can't be a note."""
    data = text.encode("utf-8")
    if not text.endswith("\n") or _control(text):
        raise ValueError("a note's text ends in a newline and has no other control character")
    note = data + b"\n" + "".join(signer.signature_line(data) for signer in signers).encode("utf-8")
    split_note(note)
    return note


def split_note(data: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Text and signature lines of a note, nothing verified. Raises Fault("malformed")."""
    if len(data) > MAX_NOTE_BYTES:
        raise Fault("malformed", f"a note of {len(data)} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault("malformed", "a note that is not UTF-8") from error
    if _control(note):
        raise Fault("malformed", "a control character in a note")
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Fault("malformed", "a note without an empty line and signature lines after it")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Fault("malformed", f"more than {MAX_SIGNATURES} signatures")
    return head + "\n", tuple(_signature(line) for line in lines)


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> Note:
    """Verify a note. Every signature by one of `verifiers` must hold; those by others are reported only.

    Raises Fault("malformed") or Fault("bad signature"); CannotCheck when none of the keys signed.
    """
    text, signatures = split_note(data)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified: list[Signature] = []
    unverified: list[Signature] = []
    for line in signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            unverified.append(line)
            continue
        if any((seen.name, seen.key_id) == (line.name, line.key_id) for seen in verified):
            raise Fault("malformed", f"two signatures by {line.name}")
        time = verifier.verify(text.encode("utf-8"), line.signature)
        verified.append(Signature(line.name, line.key_id, line.signature, time))
    if not verified:
        names = ", ".join(f"{line.name}+{line.key_id.hex()}" for line in unverified)
        raise CannotCheck(f"signed by {names}; none of the given keys")
    return Note(text, tuple(verified), tuple(unverified))


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: what a log claims to be at one moment. `extensions` are further signed lines, opaque."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def chain(self) -> bytes | None:
        """The 32-byte chain head from our extension line `chain <base64>`; None in logs without one."""
        lines = [line for line in self.extensions if line.startswith("chain ")]
        if not lines:
            return None
        try:
            head = decode_base64(lines[0].removeprefix("chain "))
        except ValueError:
            head = b""
        if len(lines) > 1 or len(head) != HASH_BYTES:
            raise Fault("malformed", "a checkpoint's chain line")
        return head

    def text(self) -> str:
        """The note text. Raises ValueError for values no checkpoint may have."""
        lines = [self.origin, str(self.size), encode_base64(self.root), *self.extensions]
        text = "".join(f"{line}\n" for line in lines)
        try:
            if parse_checkpoint(text) == self:
                return text
        except Fault as fault:
            raise ValueError(fault.message) from fault
        raise ValueError("a line break inside a checkpoint line")


def chain_extension(head: bytes) -> str:
    """The extension line that carries a chain head."""
    return f"chain {encode_base64(head)}"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Raises Fault("malformed")."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines) or _control(text):
        raise Fault("malformed", "a checkpoint has at least three lines, none empty")
    origin, size, root64, *extensions = lines
    if len(origin.encode("utf-8")) > MAX_ORIGIN_BYTES:
        raise Fault("malformed", f"an origin of more than {MAX_ORIGIN_BYTES} bytes")
    if not _DECIMAL.fullmatch(size) or int(size) > MAX_SIZE:
        raise Fault("malformed", f"tree size {size[:40]!r}")
    try:
        root = decode_base64(root64)
    except ValueError as error:
        raise Fault("malformed", f"root hash: {error}") from error
    if len(root) != HASH_BYTES:
        raise Fault("malformed", f"root hash of {len(root)} bytes")
    if size == "0" and root != EMPTY_ROOT:
        raise Fault("malformed", "an empty tree with the root of another")
    checkpoint = Checkpoint(origin, int(size), root, tuple(extensions))
    checkpoint.chain  # noqa: B018 - a malformed chain line is found here, not where someone first asks for it
    return checkpoint


def open_checkpoint(
    data: bytes, verifiers: Sequence[Verifier], origin: str | None = None
) -> tuple[Checkpoint, Note]:
    """Verify a signed checkpoint.

    One of the verified signatures must be the log's own: ED25519, under the name `origin` (default: the
    checkpoint's first line), so that a key trusted for one log never vouches for another. If `origin` is
    given, the checkpoint must be of that origin and the log's key may have any name.
    Raises Fault and CannotCheck as `open_note`, Fault("malformed"), Fault("wrong log").
    """
    note = open_note(data, verifiers)
    checkpoint = parse_checkpoint(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise Fault("wrong log", f"a checkpoint of {checkpoint.origin}, not of {origin}")
    logs = {(v.name, v.key_id) for v in verifiers if v.algorithm == ED25519}
    names = [line.name for line in note.verified if (line.name, line.key_id) in logs]
    if not names:
        raise CannotCheck("only witnesses' keys were given; the log's own key is needed")
    if origin is None and checkpoint.origin not in names:
        raise CannotCheck(f"a key of {names[0]} signs a checkpoint of {checkpoint.origin}; not expected")
    return checkpoint, note


def encode_base64(data: bytes) -> str:
    """RFC 4648 section 4, padded."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Only what `encode_base64` writes: no spaces, right padding, unused bits zero. Raises ValueError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("not base64") from error
    if encode_base64(data) != text:
        raise ValueError("base64 that is not in its only form")
    return data


def check_public_key(public: bytes) -> None:
    """Refuse Ed25519 keys under which anybody can sign: not 32 bytes, not a canonical point (RFC 8032 section
    5.1.3), or of small order. Raises ValueError."""
    if len(public) != 32:
        raise ValueError(f"an Ed25519 public key of {len(public)} bytes")
    number = int.from_bytes(public, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= _P:
        raise ValueError("an Ed25519 public key that is not in its only form")
    if y in _SMALL_ORDER_Y:
        raise ValueError("an Ed25519 public key of small order")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(square, (_P - 1) // 2, _P) != 1 or (square == 0 and sign):
        raise ValueError("an Ed25519 public key that is not a point of the curve")


def _signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise Fault("malformed", "a signature line that does not start with a dash")
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        _check_name(name)
        data = decode_base64(encoded)
    except ValueError as error:
        raise Fault("malformed", f"signature line: {error}") from error
    if not space or len(data) < 5:
        raise Fault("malformed", "a signature line without a signature")
    return Signature(name, data[:4], data[4:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise ValueError("a key name is not empty and has neither spaces, plus signs nor control characters")


def _control(text: str) -> bool:
    return any(char < " " and char != "\n" for char in text)
