"""Signs what is integrated. The log key's own memory lies outside the database (`ledger.signer_state`).

Order of a publication, and what a crash leaves at each place:

1. the state's tree is found again in the database     - nothing has changed
2. the new size and root are written to the state file - the state is ahead of what is signed; the next
   publication finds that tree in the database and signs it or a larger one
3. the checkpoint is signed, in memory                 - nobody has seen it
4. the checkpoint is inserted                          - published; the state knows it since step 2

So a signed checkpoint never exists that the state doesn't know, and two different roots of one size are
never signed, whatever is restored, cut or rewritten in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from ledger import clock, tree
from ledger.actors import Actor
from ledger.errors import IntegrityFault, SignerRefuses
from ledger.models import Checkpoint, KeyRecord, Log
from ledger.services import keys
from ledger.services.sequencer import require_system
from ledger.services.transactions import in_transaction
from ledger.signer_state import SignerState, StateFile
from modelwarrant import note

ADVICE = (
    "Nothing was signed. If the database was restored from a backup, restore the newest one, which still has"
    " what was signed; `manage.py ledger_audit` shows what is wrong. If entries that were signed are lost for good,"
    " two operators start a new log that names this one as its predecessor: `manage.py ledger_new_log --help`."
)


def publish(*, actor: Actor) -> Checkpoint | None:
    """Sign and store a checkpoint of the integrated size; None for an empty log.

    A size that is already signed is not signed again. Only a system actor may, and only where the keys are
    (`LEDGER_HOLDS_KEYS`). Raises SignerRefuses when the database's tree isn't the one signed before,
    Unavailable without an active log key. Must not run inside a transaction: what it signs is committed.
    """
    require_system(actor)
    log = Log.objects.order_by("-number").first()
    if log is None:
        return None
    held = keys.log_signers(log)
    file = StateFile(settings.MODELWARRANT_HOME)
    with file.locked():
        return sign(log, held, file)


def sign(log: Log, held: Sequence[tuple[KeyRecord, note.Signer]], file: StateFile) -> Checkpoint | None:
    """What `publish` does for one log, by who holds the lock of `file`. The first of `held` is the one recorded."""
    key = held[0][0]
    state = file.read()
    size = tree.size(log)
    require_known_tree(state, log, size)
    if size == 0:
        return None
    known = Checkpoint.objects.filter(log=log.number, size=size, keyid=key.keyid).first()
    if known is not None:
        return known
    root, chain = tree.root_at(log, size), tree.chain_at(log, size)
    if state is None or size > state.size:
        file.write(SignerState(log.origin, size, root, chain))
    now = clock.now()
    lines = (note.chain_extension(chain), time_line(now))
    stated = note.Checkpoint(log.origin, size, root, lines)
    signed = note.sign_note(stated.text(), [signer for _, signer in held])
    row = Checkpoint(
        log=log.number,
        size=size,
        root=root,
        chain=chain,
        keyid=key.keyid,
        note=signed,
        at=now,
    )
    in_transaction(lambda: Checkpoint.objects.bulk_create([row]))
    return row


def time_line(moment: datetime) -> str:
    """The extension line that carries the claimed time of signing."""
    return f"time {clock.text(moment)}"


def require_known_tree(state: SignerState | None, log: Log, size: int) -> None:
    """Raises SignerRefuses, saying why, unless the `size` entries of `log` begin with what `state` says was signed."""
    if state is None:
        if Checkpoint.objects.exists():
            raise SignerRefuses(
                "Checkpoints were signed before, but the signer's state file is gone. Restore it from a"
                f" backup of {settings.MODELWARRANT_HOME / 'signer'}. {ADVICE}"
            )
        return
    if state.origin != log.origin:
        raise SignerRefuses(
            f"The signer has signed for {state.origin}; this database holds {log.origin}. {ADVICE}"
        )
    if size < state.size:
        raise SignerRefuses(
            f"{state.size} entries were signed, the database has {size}: some are gone. {ADVICE}"
        )
    try:
        same = (tree.root_at(log, state.size), tree.chain_at(log, state.size)) == (state.root, state.chain)
    except IntegrityFault as fault:
        raise SignerRefuses(f"{fault.message} {ADVICE}") from fault
    if not same:
        raise SignerRefuses(
            f"The first {state.size} entries are not the ones that were signed: the log was rewritten. {ADVICE}"
        )
