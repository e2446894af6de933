"""Key records and what signs with them. Who may do so is asked above, in `people`.

Only a process with `LEDGER_HOLDS_KEYS` (the worker, operators' commands) reaches private keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from ledger import clock, events, machines, providers, selectors
from ledger.actors import Actor
from ledger.catalogue import Event
from ledger.errors import Conflict, Invalid, NotThere, Unavailable
from ledger.models import KeyRecord, Log
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant import keys, note
from modelwarrant.machine import IllegalMove


@governed
def key_create(
    *,
    actor: Actor,
    purpose: keys.Purpose,
    algorithm: str | None = None,
    label: str = "",
    provider: str = providers.FileProvider.name,
) -> KeyRecord:
    """Make a key pair; its record starts as requested. Called by `people.services.keys` and `bootstrap`.

    Raises Invalid (purpose, algorithm), Unavailable (no keys in this process).
    """
    _require_purpose(purpose)
    _require_keys_here()
    chosen = algorithm or keys.DEFAULT_ALGORITHM[purpose]
    _require_algorithm(purpose, chosen)
    holder = providers.provider(provider)
    public = holder.create(chosen)
    # A crash from here to the commit leaves a private key without a record: nothing trusts it.
    try:
        return _record(actor, events.KEY_CREATED, purpose, public, label, provider)
    except BaseException:
        holder.discard(keys.key_id(public))
        raise


@governed
def key_import(*, actor: Actor, purpose: keys.Purpose, public_pem: bytes, label: str = "") -> KeyRecord:
    """Record somebody else's public key, as requested. Called by `people.services.keys`.

    Raises Invalid for a key that is unreadable, weak or private; Conflict for one that is known.
    """
    _require_purpose(purpose)
    try:
        public = keys.load_public(public_pem)
    except keys.KeyRefused as error:
        raise Invalid(str(error), field="public_pem") from error
    _require_algorithm(purpose, keys.algorithm(public))
    return _record(actor, events.KEY_IMPORTED, purpose, public, label, provider="")


@governed
def key_move(*, actor: Actor, key_id: UUID, move: str, revoked_from: int | None = None) -> KeyRecord:
    """Make one move of `ledger.machines.KEY`. Called by `people.services.keys`.

    `revoked_from` (revoke only): log index from which on nothing this key signed is trusted; None: nothing
    at all. Raises NotThere, Conflict (the table has no such move now), Invalid.
    """
    row = KeyRecord.objects.select_for_update().filter(pk=key_id).first()
    if row is None:
        raise NotThere
    try:
        transition = machines.KEY.move(row.state, move)
    except IllegalMove as error:
        raise Conflict(str(error), code="illegal-move") from error
    if revoked_from is not None and (move != "revoke" or revoked_from < 0):
        raise Invalid("an index in the log, from 0, for the move 'revoke' only", field="revoked_from")
    now = clock.now()
    changes: dict[str, object] = {"state": transition.target}
    if move == "activate":
        changes["not_before"] = now
    elif row.not_after is None or row.not_after > now:
        changes["not_after"] = now
    if move == "revoke":
        changes["revoked_from"] = revoked_from
    records.write(
        actor=actor,
        event=events.KEY_MOVED,
        row=row,
        set=changes,
        data={"move": move, "from": row.state, "to": transition.target},
    )
    return row


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of ours that signs: a `modelwarrant.keys.Signer` with its record."""

    record: KeyRecord
    held: keys.Signer

    @property
    def public(self) -> keys.PublicKey:
        """The public half."""
        return self.held.public

    @property
    def key_id(self) -> str:
        """Hexadecimal SHA-256 of the public key's DER."""
        return self.record.keyid

    def sign(self, message: bytes) -> bytes:
        """DER ECDSA, or 64 bytes of Ed25519."""
        return self.held.sign(message)


def signer(purpose: keys.Purpose) -> HeldKey:
    """The newest active key of ours for `purpose`. Raises Unavailable."""
    _require_keys_here()
    own = KeyRecord.objects.filter(purpose=purpose, state="active").exclude(provider="")
    row = own.order_by("-not_before").first()
    if row is None:
        raise Unavailable(f"There is no active {purpose} key.", code="no-key")
    return HeldKey(row, providers.provider(row.provider).signer(row.keyid))


def log_signer(log: Log) -> tuple[KeyRecord, note.Signer]:
    """The log key as a signer of notes under the log's origin. Raises Unavailable."""
    key = signer("log")
    return key.record, note.Signer(log.origin, selectors.raw_ed25519(key.public), key.sign)


def vkey(row: KeyRecord, log: Log) -> str:
    """The verifier key of a log key, as command lines and `log.vkey` take it."""
    return selectors.verifier(row, log).vkey


def _record(
    actor: Actor,
    event: Event,
    purpose: keys.Purpose,
    public: keys.PublicKey,
    label: str,
    provider: str,
) -> KeyRecord:
    row = KeyRecord()
    records.write(
        actor=actor,
        event=event,
        row=row,
        set={
            "purpose": purpose,
            "keyid": keys.key_id(public),
            "algorithm": keys.algorithm(public),
            "label": label,
            "public": keys.dump_public(public).decode(),
            "provider": provider,
            "state": machines.KEY.initial.name,
        },
    )
    return row


def _require_purpose(purpose: str) -> None:
    if purpose not in keys.PURPOSES:
        raise Invalid(f"one of {', '.join(keys.PURPOSES)}", field="purpose")


def _require_algorithm(purpose: keys.Purpose, algorithm: str) -> None:
    if algorithm not in keys.ALGORITHMS:
        raise Invalid(f"one of {', '.join(keys.ALGORITHMS)}", field="algorithm")
    if (purpose == "log") != (algorithm == "ed25519"):
        raise Invalid("log keys are ed25519, all others ECDSA (p256, p384, p521)", field="algorithm")


def _require_keys_here() -> None:
    if not settings.LEDGER_HOLDS_KEYS:
        raise Unavailable("This process holds no keys; the worker signs.", code="no-keys-here")
