"""What every move through gates has in common. The answers come from above; here they are only counted."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.actors import Subject
from ledger.errors import Refused
from modelwarrant.machine import Transition
from registry.models import Deployment, Version


def require_open(row: Version | Deployment, transition: Transition, answers: Mapping[str, bool]) -> None:
    """Raises Refused unless every gate of the transition has the answer True; one that isn't answered is closed."""
    closed = [gate for gate in transition.gates if answers.get(gate) is not True]
    if closed:
        raise Refused(
            f"'{transition.title}' is refused: {', '.join(closed)}.",
            permission=transition.permission,
            subject=Subject.of(row),
            reasons=[
                {"gate": gate, "code": "gate-closed", "text": f"The gate '{gate}' did not open."}
                for gate in closed
            ],
        )
