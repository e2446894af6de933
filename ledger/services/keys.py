"""Key records and what signs with them. Who may do so is asked above, in `people`.

Only a process with `LEDGER_HOLDS_KEYS` (the worker, operators' commands) reaches private keys.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from ledger import clock, events, machines, providers, selectors, tree
from ledger.actors import Actor
from ledger.catalogue import Event
from ledger.errors import Conflict, Invalid, NotThere, Unavailable
from ledger.keyring import raw_ed25519, verifier
from ledger.models import KeyRecord, Log
from ledger.services import records
from ledger.services.sequencer import require_system
from ledger.services.transactions import governed
from modelwarrant import keys, note
from modelwarrant.machine import IllegalMove

_log = logging.getLogger(__name__)


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
    if revoked_from is not None and revoked_from > (end := _end_of_log()):
        raise Invalid(f"the log has {end} entries; a later index would trust what is still to come",
                      field="revoked_from")  # fmt: skip
    if move == "activate":
        # Two requests at once may each have missed the other; the second to be trusted meets the first here.
        same = KeyRecord.objects.select_for_update().filter(keyid=row.keyid).order_by("pk")
        if any(other.pk != row.pk and other.state != "requested" for other in same):
            raise Conflict("This key is known for another purpose already.", code="key-reuse")
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


@governed
def key_end(*, actor: Actor, key_id: UUID, at: datetime) -> KeyRecord:
    """Let an active key end at a moment to come. Called by `people.services.keys`.

    From `at` on it signs nothing and what it signs isn't trusted; `keys_end_due` records that it happened. Raises
    NotThere, Conflict (not active), Invalid (`at`: not to come, or no other key of ours goes on).
    """
    row = KeyRecord.objects.select_for_update().filter(pk=key_id).first()
    if row is None:
        raise NotThere
    if row.state != "active":
        raise Conflict("Only an active key can be given an end.", code="illegal-move")
    if at <= clock.now():
        raise Invalid("a moment to come; to end it now, retire it", field="at")
    going_on = KeyRecord.objects.filter(purpose=row.purpose, state="active", not_after=None).exclude(
        provider=""
    )
    if row.provider and not going_on.exclude(pk=row.pk).exists():
        raise Invalid(
            f"no other active {row.purpose} key goes on after it: activate the next one first", field="at"
        )
    records.write(actor=actor, event=events.KEY_END_SET, row=row, set={"not_after": at})
    return row


def keys_end_due(*, actor: Actor) -> int:
    """Retire active keys whose end has come; how many. Only records it: they sign nothing since. System only."""
    require_system(actor)
    due = KeyRecord.objects.filter(state="active", not_after__lte=clock.now()).values_list("pk", flat=True)
    return sum(key_move(actor=actor, key_id=key_id, move="retire").state == "retired" for key_id in list(due))


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
    row = _signing(purpose)[0]
    return HeldKey(row, providers.provider(row.provider).signer(row.keyid))


def log_signer(log: Log) -> tuple[KeyRecord, note.Signer]:
    """The newest log key as a signer of notes under the log's origin. Raises Unavailable."""
    return log_signers(log)[0]


def log_signers(log: Log) -> list[tuple[KeyRecord, note.Signer]]:
    """Every active log key of ours, newest first: while one follows another both sign, so that whoever knows either
    goes on verifying. Raises Unavailable when the newest can't be used; an older one that can't is told and left out.
    """
    found: list[tuple[KeyRecord, note.Signer]] = []
    for row in _signing("log"):
        try:
            held = HeldKey(row, providers.provider(row.provider).signer(row.keyid))
        except Unavailable as error:
            if not found:
                raise
            _log.warning("log key %s is active and can't sign: %s", row.keyid[:16], error)
            continue
        found.append((row, note.Signer(log.origin, raw_ed25519(held.public), held.sign)))
    return found


def _signing(purpose: keys.Purpose) -> list[KeyRecord]:
    """Active keys of ours whose end hasn't come, newest first; at least one."""
    _require_keys_here()
    own = KeyRecord.objects.filter(purpose=purpose, state="active").exclude(provider="")
    rows = list(own.exclude(not_after__lte=clock.now()).order_by("-not_before"))
    if not rows:
        raise Unavailable(f"There is no active {purpose} key.", code="no-key")
    return rows


def vkey(row: KeyRecord, log: Log) -> str:
    """The verifier key of a log key, as command lines and `log.vkey` take it."""
    return verifier(row, log).vkey


def _record(
    actor: Actor,
    event: Event,
    purpose: keys.Purpose,
    public: keys.PublicKey,
    label: str,
    provider: str,
) -> KeyRecord:
    others = KeyRecord.objects.filter(keyid=keys.key_id(public)).exclude(purpose=purpose)
    if other := others.first():
        raise Conflict(
            f"This key is known as a {other.purpose} key; a key has one purpose.", code="key-reuse"
        )
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


def _end_of_log() -> int:
    log = selectors.current_log()
    return (tree.size(log) if log else 0) + selectors.pending_count()


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
