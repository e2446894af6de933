"""`keygen`, `sign-model`, `verify-model`: keys and the signature over a model's files."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from modelwarrant import bundle, description, keys, manifest, oms
from modelwarrant.cli.answer import FAULT, Answer
from modelwarrant.cli.arguments import add_command, read_bytes
from modelwarrant.envelope import MAX_DOCUMENT
from modelwarrant.errors import CannotCheck, Fault, UsageError

_MAX_KEY = 16_384


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    make = add_command(subparsers, "keygen", _keygen, "make a key pair: OUT (private) and OUT.pub.pem")
    make.add_argument("out", metavar="OUT", type=Path)
    make.add_argument("--curve", choices=keys.ALGORITHMS, default="p256", help="default: %(default)s")
    add_passphrase(make)
    make.add_argument("--no-passphrase", action="store_true", help="write the private key in clear")

    sign = add_command(
        subparsers, "sign-model", _sign_model, "sign a model directory (OpenSSF Model Signing)"
    )
    sign.add_argument("directory", metavar="DIR", type=Path)
    sign.add_argument("--key", metavar="PRIVATE", required=True, help="private key, PKCS#8 PEM")
    sign.add_argument("--bundle", metavar="OUT", type=Path, required=True, help="where the signature goes")
    sign.add_argument("--name", help="name of the model in the signature (default: the directory's)")
    sign.add_argument(
        "--card",
        metavar="FILE",
        help=f"model card (JSON object of texts), signed as DIR/{description.FILE_NAME}",
    )
    sign.add_argument(
        "--components", metavar="FILE", help="component list (JSON array of objects), signed in the same file"
    )
    sign.add_argument("--shard-size", metavar="BYTES", type=int, help="sign shards instead of whole files")
    add_ignore(sign, "leave out PATH, relative to DIR; may be repeated")
    sign.add_argument("--replace", action="store_true", help="replace an existing signature file")
    add_passphrase(sign)

    verify = add_command(
        subparsers, "verify-model", _verify_model, "verify a model directory and its signature"
    )
    verify.add_argument("directory", metavar="DIR", type=Path)
    verify.add_argument("--bundle", metavar="FILE", required=True, help="the signature")
    add_keys(verify, "public key of the signer")
    verify.add_argument(
        "--strict",
        action="store_true",
        help="refuse what the signature can't see: unsigned files under ignored paths, empty directories, "
        "executable files, names that read differently elsewhere",
    )
    add_ignore(verify, "expect the unsigned PATH, relative to DIR; never hides a signed file")


def add_keys(command: argparse.ArgumentParser, help_text: str) -> None:
    """`--key FILE`, repeatable, for trusted public keys."""
    command.add_argument(
        "--key", metavar="PUBLIC", action="append", default=[], help=f"{help_text}, PEM; may be repeated"
    )


def add_ignore(command: argparse.ArgumentParser, help_text: str) -> None:
    """`--ignore PATH`, repeatable."""
    command.add_argument("--ignore", metavar="PATH", action="append", default=[], help=help_text)


def add_passphrase(command: argparse.ArgumentParser) -> None:
    """Where a passphrase comes from; never the command line, which every process can read."""
    source = command.add_mutually_exclusive_group()
    source.add_argument("--passphrase-file", metavar="FILE", help="file with the private key's passphrase")
    source.add_argument(
        "--passphrase-env", metavar="NAME", help="environment variable with the private key's passphrase"
    )


def trusted(paths: Sequence[str]) -> list[keys.TrustedKey]:
    """The keys given with `--key`. Raises CannotCheck for unreadable and refused keys."""
    found: list[keys.TrustedKey] = []
    for path in paths:
        try:
            public = keys.load_public(read_bytes(path, limit=_MAX_KEY))
        except CannotCheck as error:
            raise CannotCheck(str(error) if path in str(error) else f"{path}: {error}") from error
        found.append(keys.TrustedKey(public, name=path))
    return found


def passphrase(args: argparse.Namespace) -> bytes | None:
    """What `add_passphrase` asked for; None when neither was given. Raises UsageError."""
    if args.passphrase_env is not None:
        value = os.environ.get(args.passphrase_env)
        if not value:
            raise UsageError(f"--passphrase-env: the environment has no {args.passphrase_env}")
        return value.encode()
    if args.passphrase_file is not None:
        secret = read_bytes(args.passphrase_file, limit=4096).rstrip(b"\r\n")
        if not secret:
            raise UsageError(f"--passphrase-file: {args.passphrase_file} is empty")
        return secret
    return None


def _keygen(args: argparse.Namespace) -> Answer:
    secret = passphrase(args)
    if (secret is None) != args.no_passphrase:
        raise UsageError("give --passphrase-file or --passphrase-env, or else --no-passphrase")
    public_path = Path(f"{args.out.with_suffix('') if args.out.suffix == '.pem' else args.out}.pub.pem")
    private = keys.generate(args.curve)
    public = private.public_key()
    create(args.out, keys.dump_private(private, secret), 0o600)
    try:
        create(public_path, keys.dump_public(public), 0o644)
    except UsageError:
        args.out.unlink()
        raise
    facts = [
        ("private key", f"{args.out} ({'in clear' if secret is None else 'encrypted'})"),
        ("public key", str(public_path)),
        ("key id", keys.key_id(public)),
    ]
    document = {"private": str(args.out), "public": str(public_path), "key_id": keys.key_id(public)}
    return Answer(
        f"OK: {args.curve} key pair made", facts, {"verdict": "ok", "curve": args.curve, **document}
    )


def create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file whole or not at all. Raises UsageError if it exists, CannotCheck if it can't be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise UsageError(f"{path} exists and is never overwritten") from error
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _replace(path: Path, data: bytes) -> None:
    """Put a file in the place of what was there, whole or not at all. Raises as `create`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    create(temporary, data, 0o644)
    os.replace(temporary, path)


def _inside(root: Path, path: str) -> list[str]:
    """The bundle's own path relative to the model, if it lies in it: it can't sign itself."""
    inside, absolute = Path(os.path.realpath(root)), Path(os.path.realpath(path))
    return [absolute.relative_to(inside).as_posix()] if absolute.is_relative_to(inside) else []


def _ignored(values: Sequence[str]) -> list[str]:
    try:
        return [manifest.check_path(value.strip("/")) for value in values]
    except Fault as fault:
        raise UsageError(f"--ignore: {fault.message}") from fault


def _sign_model(args: argparse.Namespace) -> Answer:
    ignored = {*manifest.GIT_PATHS, *_ignored(args.ignore), *_inside(args.directory, str(args.bundle))}
    if args.bundle.exists() and not args.replace:
        raise UsageError(f"{args.bundle} exists; --replace signs anew")
    try:
        private = keys.load_private(read_bytes(args.key, limit=_MAX_KEY), passphrase(args))
    except keys.KeyRefused as error:
        raise CannotCheck(f"{args.key}: {error}") from error
    signer = keys.LocalSigner(private)
    _describe(args, ignored)
    try:
        data = oms.sign_model(
            args.directory, signer, ignored=ignored, name=args.name, shard_size=args.shard_size
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    _replace(args.bundle, data)
    signed = bundle.read(data)
    facts = [
        ("identity", f"sha256:{signed.payload_digest}"),
        ("model", signed.name),
        ("files", str(len({item.path for item in signed.resources}))),
        ("described", _described(args.directory, signed)[0]),
        ("signature", str(args.bundle)),
        ("key id", keys.key_id(signer.public)),
    ]
    document: dict[str, Any] = {
        "verdict": "ok",
        "identity": f"sha256:{signed.payload_digest}",
        "root_digest": f"sha256:{signed.root_digest}",
        "bundle": str(args.bundle),
        "key_id": keys.key_id(signer.public),
    }
    return Answer(f"OK: {args.directory} is signed", facts, document)


def _describe(args: argparse.Namespace, ignored: Collection[str]) -> None:
    """Write what `--card` and `--components` give into the model, whole or not at all, before it is hashed."""
    if args.card is None and args.components is None:
        return
    if manifest.covers(ignored, description.FILE_NAME):
        raise UsageError(f"--ignore: {description.FILE_NAME} holds the card and has to be signed")
    card = _json(args.card, "--card", dict, "an object of texts")
    listed = _json(args.components, "--components", list, "an array of objects")
    try:
        data = description.build(card, [_component(place, item) for place, item in enumerate(listed)])
    except ValueError as error:
        raise UsageError(f"--card, --components: {error}") from error
    target = args.directory / description.FILE_NAME
    if target.is_symlink() or (target.exists() and not args.replace and target.read_bytes() != data):
        raise UsageError(f"{target} says something else; --replace writes it anew")
    _replace(target, data)


def _component(place: int, item: Any) -> description.Component:
    """A component as people write it: `kind` and `name`, the rest where it is known."""
    known = {field.name for field in fields(description.Component)}
    if not isinstance(item, dict) or not {"kind", "name"} <= set(item) <= known:
        raise UsageError(
            f"--components: [{place}] is not an object of kind, name and perhaps {', '.join(sorted(known - {'kind', 'name'}))}"
        )
    return description.Component(**item)


def _json(path: str | None, option: str, kind: type, expected: str) -> Any:
    if path is None:
        return kind()
    try:
        value = json.loads(read_bytes(path, limit=description.MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{option}: {path} is not JSON: {error}") from error
    if not isinstance(value, kind):
        raise UsageError(f"{option}: {path} is not {expected}")
    return value


def _described(directory: Path, signed: bundle.Bundle) -> tuple[str, bool]:
    """What the signature says about card and components, and whether it covers them."""
    path = directory / description.FILE_NAME
    if description.FILE_NAME not in {item.path for item in signed.resources}:
        return "no: card and components are not among the signed files", False
    try:
        said = description.read(read_bytes(str(path), limit=description.MAX_BYTES))
    except Fault as fault:
        return f"no: {description.FILE_NAME} is signed, but unreadable: {fault.message}", False
    count = len(said.components)
    return f"{len(said.card)} fields of the card, {count} component{'' if count == 1 else 's'}, signed", True


def _verify_model(args: argparse.Namespace) -> Answer:
    if not args.key:
        raise UsageError("--key is needed: a signature is checked against a key you trust")
    trust = trusted(args.key)
    data = read_bytes(args.bundle, limit=MAX_DOCUMENT)
    ignored = [*_ignored(args.ignore), *_inside(args.directory, args.bundle)]
    try:
        verified = oms.verify_model(args.directory, data, trust, ignored=ignored, strict=args.strict)
    except oms.ModelDiffers as fault:
        return _differs(args.directory, fault)
    said, described = _described(args.directory, bundle.read(data))
    facts = [
        ("identity", f"sha256:{verified.payload_digest}"),
        ("model", verified.name),
        ("files", f"{verified.files}, {verified.size:,} bytes, all as signed"),
        ("described", said),
        ("signed by", f"{verified.key.name} (key id {verified.key.id})"),
        ("left out", ", ".join(verified.ignored) or "nothing"),
    ]
    document: dict[str, Any] = {
        "verdict": "ok",
        "identity": f"sha256:{verified.payload_digest}",
        "root_digest": f"sha256:{verified.root_digest}",
        "manifest_digest": verified.manifest_digest and f"sha256:{verified.manifest_digest}",
        "files": verified.files,
        "size": verified.size,
        "key_id": verified.key.id,
        "ignored": list(verified.ignored),
        "findings": list(verified.findings),
        "described": described,
    }
    if verified.findings:
        headline = f"FAULT: signed and unchanged, but strict mode found {len(verified.findings)}"
        facts += [("finding", finding) for finding in verified.findings]
        return Answer(headline, facts, document | {"verdict": "fault", "kind": "strict"}, FAULT)
    return Answer(f"OK: {args.directory} is the signed model", facts, document)


def _differs(directory: Path, fault: oms.ModelDiffers) -> Answer:
    shown = fault.differences[:100]
    facts: list[tuple[str, str]] = [(item.kind, f"'{item.path}' {item.detail}".rstrip()) for item in shown]
    if len(fault.differences) > len(shown):
        facts.append(("...", f"and {len(fault.differences) - len(shown)} more"))
    document = {
        "verdict": "fault",
        "kind": fault.kind,
        "message": fault.message,
        "differences": [{"kind": d.kind, "path": d.path, "detail": d.detail} for d in fault.differences],
    }
    count = f"{len(fault.differences)} difference{'s' if len(fault.differences) > 1 else ''}"
    return Answer(f"FAULT: {directory} isn't the signed model: {count}", facts, document, FAULT)
