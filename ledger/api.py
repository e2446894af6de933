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

from ledger import selectors
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
        text = bytes(newest.note).decode()
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
