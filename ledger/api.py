"""Checkpoint, proofs and receipts for programs. Public, like the log itself: entries name nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger import clock, selectors
from ledger.errors import NotThere
from modelwarrant import note


class _Public(APIView):
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]


class CheckpointView(_Public):
    """The newest signed checkpoint."""

    @extend_schema(operation_id="ledger_checkpoint", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        newest = selectors.latest_checkpoint()
        if newest is None:
            raise NotThere("Nothing is published yet.")
        text = selectors.cosigned_note(newest).decode()
        stated = note.parse_checkpoint(note.split_note(bytes(newest.note))[0])
        return Response(
            {
                "origin": stated.origin,
                "size": newest.size,
                "root": bytes(newest.root).hex(),
                "chain": bytes(newest.chain).hex(),
                "note": text,
            }
        )


class KeysView(_Public):
    """Every public key that is or was trusted: for what, from when to when, and from which index on no longer."""

    @extend_schema(operation_id="ledger_keys", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response({"keys": [_key(found) for found in selectors.key_windows()]})


def _key(found: selectors.KeyWindow) -> dict[str, Any]:
    row = found.row
    return {
        "purpose": row.purpose,
        "keyid": row.keyid,
        "algorithm": row.algorithm,
        "state": row.state,
        "not_before": clock.text(row.not_before) if row.not_before else None,
        "not_after": clock.text(row.not_after) if row.not_after else None,
        "revoked_from": row.revoked_from if row.revoked_from is not None or row.state != "revoked" else 0,
        "signs_now": found.now,
        "public": row.public,
        "vkeys": list(found.vkeys),
    }


class ProofView(_Public):
    """The proof of one entry: `published`, or `recorded` while no checkpoint covers it yet."""

    @extend_schema(operation_id="ledger_entry_proof", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, entry_id: UUID) -> Response:
        receipt = selectors.receipt_for(entry_id)
        if receipt is None:
            raise NotThere
        proof = selectors.proof_for(entry_id)
        state = "recorded" if proof is None else "published"
        return Response({**receipt, "state": state, "proof": None if proof is None else proof.decode()})


class ReceiptView(_Public):
    """The receipt of one entry: its id, its leaf hash and the log's origin."""

    @extend_schema(operation_id="ledger_entry_receipt", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, entry_id: UUID) -> Response:
        receipt = selectors.receipt_for(entry_id)
        if receipt is None:
            raise NotThere
        return Response(receipt)
