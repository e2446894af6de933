"""Where private keys are. A provider makes a key pair, keeps the private half, and signs with it.

The one here keeps encrypted PKCS#8 files; a KMS or an HSM fills the same three methods. Which keys
exist and what they may do is not known here: that is `KeyRecord`.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings

from ledger import hsm
from ledger.errors import Unavailable
from modelwarrant import keys

# What one guess at a secret costs (scrypt's log2 n). A random one of 256 bits can't be guessed however cheap a guess is;
# a person's can.
GIVEN, MADE = 17, 14


class Provider(Protocol):
    """Makes keys and signs. Raises Unavailable where a key isn't there or can't be used."""

    name: str

    def create(self, algorithm: str) -> keys.PublicKey:
        """Make a key pair and keep the private half."""

    def signer(self, keyid: str) -> keys.Signer:
        """What signs with the key of this id (`modelwarrant.keys.key_id` of its public half)."""

    def discard(self, keyid: str) -> None:
        """Forget a key whose record could not be written."""


class FileProvider:
    """`<folder>/<key id>.pem`: PKCS#8, scrypt and AES-256, mode 0600 in a folder of 0700.

    The passphrase is the content of `secret_file`; without one, 32 random bytes are made and kept in
    `<folder>/secret`, which protects copies of the key files alone, not copies of the whole folder.
    """

    name = "file"

    def __init__(self, folder: Path, secret_file: Path | None = None) -> None:
        self.folder = folder
        self._given = secret_file is not None
        self._secret_file = secret_file or folder / "secret"

    def create(self, algorithm: str) -> keys.PublicKey:
        self._make_folder()
        private = keys.generate(algorithm)
        public = private.public_key()
        pem = keys.dump_private(private, self._secret(), log2_n=GIVEN if self._given else MADE)
        _write_new(self._path(keys.key_id(public)), pem)
        return public

    def signer(self, keyid: str) -> keys.Signer:
        path = self._path(keyid)
        try:
            _require_private(self.folder)
            _require_private(path)
            return keys.LocalSigner(_load(path, path.stat().st_mtime_ns, self._secret()))
        except FileNotFoundError as error:
            raise Unavailable(
                f"The private key {keyid[:12]}... is not in {self.folder}.", code="no-key"
            ) from error
        except keys.KeyRefused as error:
            raise Unavailable(f"The private key {path} can't be used: {error}", code="no-key") from error

    def discard(self, keyid: str) -> None:
        self._path(keyid).unlink(missing_ok=True)

    def _path(self, keyid: str) -> Path:
        if not keyid or not set(keyid) <= set("0123456789abcdef"):
            raise Unavailable("A key id is lower-case hexadecimal.", code="no-key")
        return self.folder / f"{keyid}.pem"

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private(self.folder)

    def _secret(self) -> bytes:
        if not self._given and not self._secret_file.exists():
            self._make_folder()
            with suppress(FileExistsError):  # another process was first; both use what it wrote
                _write_new(self._secret_file, secrets.token_hex(32).encode())
        _require_private(self._secret_file)
        secret = self._secret_file.read_bytes().strip()
        if not secret:
            raise Unavailable(f"The key secret {self._secret_file} is empty.", code="no-key")
        return secret


def provider(name: str) -> Provider:
    """The provider of this name. Raises Unavailable for one that isn't configured."""
    if name == hsm.Pkcs11Provider.name and settings.PKCS11_MODULE:
        return hsm.Pkcs11Provider(
            Path(settings.PKCS11_MODULE), settings.PKCS11_TOKEN, Path(settings.PKCS11_PIN_FILE)
        )
    if name != FileProvider.name:
        raise Unavailable(f"There is no key provider '{name}' here.", code="no-key")
    given = settings.KEY_PASSPHRASE_FILE
    return FileProvider(settings.MODELWARRANT_HOME / "keys", Path(given) if given else None)


def _write_new(path: Path, data: bytes) -> None:
    """Create `path` whole with mode 0600, durably. Raises FileExistsError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
        os.link(part, path)
    finally:
        os.close(handle)
        part.unlink()


def _require_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        allowed = "0700" if path.is_dir() else "0600"
        raise Unavailable(
            f"{path} is open to others (mode {mode:04o}); nothing is signed until it is {allowed}.",
            code="key-mode",
        )


@lru_cache(maxsize=32)
def _load(path: Path, changed: int, secret: bytes) -> keys.PrivateKey:
    # Deriving the file's key takes a noticeable part of a second, on purpose; once per process is enough.
    return keys.load_private(path.read_bytes(), secret)
