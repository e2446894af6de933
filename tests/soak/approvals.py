"""What stands behind the portal while fifty approvals are posted at once: `python -m tests.soak.approvals`.

Obeys one word a line on standard input and answers with one line of JSON: `begin` makes the world and a version in
review, `look` counts what the present round left, `again` takes the version back into review, `end` publishes the log
and audits everything. Run by test_approvals with a database and a home of its own.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

django.setup()

import pyotp  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402

from governance.models import Decision  # noqa: E402
from governance.services.versions import version_reinstate, version_suspend  # noqa: E402
from ledger.actors import Actor  # noqa: E402
from ledger.models import Entry, Leaf  # noqa: E402
from ledger.services.audit import ledger_audit  # noqa: E402
from people.models import User  # noqa: E402
from people.services.second_factor import second_factor_begin, second_factor_confirm  # noqa: E402
from registry.selectors.versions import version_by_id  # noqa: E402
from tests.world import PASSWORD, World, make_world, publish  # noqa: E402

SEATS = {"validator": "independent-validator", "reviewer": "risk-reviewer"}


class Stage:
    """The world, and the one version that everybody approves."""

    world: World
    version_id: Any

    def begin(self) -> dict[str, Any]:
        PBKDF2PasswordHasher.iterations = 1000  # the sign-in makes it stronger
        self.world = make_world()
        self.version_id = self.world.in_review().pk
        secrets = {}
        for key in SEATS:
            secrets[key] = second_factor_begin(actor=self.world[key])
            second_factor_confirm(actor=self.world[key], code=pyotp.TOTP(secrets[key]).now())
        User.objects.update(totp_step=0)
        return {"version": str(self.version_id), "secrets": secrets, "password": PASSWORD, "seats": SEATS}

    def look(self) -> dict[str, Any]:
        """Decisions of this round, by whom, their entries, and moves to approved since the world began."""
        version = version_by_id(self.version_id)
        decisions = Decision.objects.filter(version=version, decision_round=version.decision_round)
        recorded = Entry.objects.filter(event="governance.decision.recorded")
        moves = Entry.objects.filter(event="registry.version_moved", subject_id=str(version.pk))
        return {
            "state": version.state,
            "round": version.decision_round,
            "outcomes": sorted(decisions.values_list("outcome", flat=True)),
            "people": decisions.values("person").distinct().count(),
            "recorded": recorded.count(),
            "decisions": Decision.objects.count(),
            "approvals": sum(json.loads(bytes(row.bytes))["data"]["to"] == "approved" for row in moves),
        }

    def again(self) -> dict[str, Any]:
        version_suspend(actor=self.world["security"], version_id=self.version_id, reason="Another round.")
        version_reinstate(actor=self.world["reviewer"], version_id=self.version_id, reason="Another round.")
        self.world.hand_in(version_by_id(self.version_id))  # a new round asks again
        return {"state": version_by_id(self.version_id).state}

    def end(self) -> dict[str, Any]:
        publish()
        audit = ledger_audit(actor=Actor.system("self-audit"))
        indices = list(Leaf.objects.order_by("index").values_list("index", flat=True))
        return {
            "verdict": audit.verdict,
            "faults": [fault.text() for fault in audit.faults],
            "contiguous": indices == list(range(len(indices))),
            "waiting": Entry.objects.count() - len(indices),
        }


def main() -> None:
    stage = Stage()
    orders = {"begin": stage.begin, "look": stage.look, "again": stage.again, "end": stage.end}
    for line in sys.stdin:
        print(json.dumps(orders[line.strip()]()), flush=True)


if __name__ == "__main__":
    main()
