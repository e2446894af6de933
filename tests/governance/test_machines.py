"""The machines as pages, API and document; and that what a page says about a move is what its service does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from config import startup
from config.startup import table_faults
from governance.forms import NoForm, ReasonForm
from governance.models import Policy
from governance.selectors.things import APPS, MACHINES, RELATIONS, kind_of
from governance.services import moves
from governance.services.emergencies import emergency_request
from governance.services.lifecycle import document, rows_of
from governance.services.moves import moves_of
from governance.services.policies import policy_draft, policy_submit
from governance.services.relations import STANDING
from governance.services.waivers import waiver_request
from governance.views.acts import ACTS, act_for
from ledger import clock
from ledger.errors import ServiceError
from ledger.models.governed import governed_models
from modelwarrant.machine import Machine, State, Transition
from people.catalogue import VIEWED_BY
from people.services.grants import grant_request
from registry.services.retention import hold_place
from tests.governance.lifecycle import amended, executive
from tests.world import make_world

ROOT = Path(__file__).resolve().parents[2]
SOUND = Machine(
    "door",
    "Door",
    (State("open", "Open", "initial"), State("shut", "Shut", "final")),
    (Transition("shut", ("open",), "shut", "Shut", "registry.system.view"),),
    "registry.system_moved",
)


def _with(move: Transition) -> Machine:
    return Machine(SOUND.name, SOUND.title, SOUND.states, (*SOUND.transitions, move), SOUND.event)


def test_every_machine_is_listed_once_and_moves_a_governed_kind() -> None:
    for module in APPS.values():
        named = {value for value in vars(module).values() if isinstance(value, Machine)}
        assert named <= set(module.MACHINES)
        assert set(module.NOT_BY) <= set(RELATIONS)
    kinds = governed_models()
    for machine in MACHINES.values():
        assert "state" in {field.name for field in kinds[kind_of(machine)]._meta.concrete_fields}
        assert kind_of(machine) in VIEWED_BY
        assert all(row.who and row.event for row in rows_of(machine))


def test_every_gate_and_relation_of_the_tables_can_be_answered() -> None:
    deployment = {gate for move in MACHINES["deployment"].transitions for gate in move.gates}
    assert deployment <= set(moves._WARRANT_GATES)
    for machine in MACHINES.values():
        gates = {gate for move in machine.transitions for gate in move.gates}
        assert not gates or machine.name in ("version", "deployment")
        if machine.name != "version":  # whose relations the registry answers
            assert {name for move in machine.transitions for name in move.not_by} <= set(STANDING)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (_with(Transition("x", ("open",), "shut", "X", "registry.no")), "unknown permission 'registry.no'"),
        (_with(Transition("x", ("open",), "shut", "X", "registry.system.view", gates=("g",))), "unknown gate 'g'"),
        (_with(Transition("x", ("open",), "shut", "X", "registry.system.view", not_by=("n",))), "relation 'n'"),
        (_with(Transition("x", ("open",), "shut", "X", "registry.system.view", event="e")), "unknown event 'e'"),
        (_with(Transition("x", ("open",), "shut", "X", "registry.system.view", roles=("r",))), "unknown role 'r'"),
        (
            _with(Transition("x", ("open",), "shut", "X", "governance.version.approve", roles=("owner",))),
            "kept to 'owner', which doesn't carry",
        ),
        (_with(Transition("x", ("open",), "ajar", "X", "registry.system.view")), "unknown state 'ajar'"),
        (Machine("waiver", "W", SOUND.states, SOUND.transitions, SOUND.event), "two machines are called 'waiver'"),
    ],
)  # fmt: skip
def test_start_up_refuses_an_unsound_table(
    table: Machine, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(__name__="here.machines", NOT_BY=(), TABLE=table)
    monkeypatch.setattr(startup, "MACHINES", (*startup.MACHINES, module))
    assert any(said in fault for fault in table_faults())
    with pytest.raises(startup.ImproperlyConfigured, match="does not start"):
        startup.verify_tables()


def test_start_up_refuses_a_relation_without_words(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(__name__="here.machines", NOT_BY=("neighbour",), TABLE=SOUND)
    monkeypatch.setattr(startup, "MACHINES", (*startup.MACHINES, module))
    assert any("'neighbour' has no words" in fault for fault in table_faults())


def test_the_document_is_what_the_tables_say() -> None:
    assert (ROOT / "docs/lifecycle.md").read_text(encoding="utf-8") == document()
    call_command("lifecycle_docs", check=True)


class Undo(Exception):
    """Takes a move back, so that the next person finds the thing as it was."""


def outcome(table: Any, actor: Any, row: Any) -> str:
    """Do an act and take it back; empty if its service did it, otherwise what it said."""
    words = {"reason": "Because."} if table.form is ReasonForm else {}
    try:
        with transaction.atomic():
            table.run(actor=actor, **{table.argument: row.pk}, **words)
            raise Undo
    except Undo:
        return ""
    except ServiceError as error:
        return str(error)


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.usefixtures("own_store")
def test_what_a_page_says_is_what_the_service_does(home: Path, db: None) -> None:
    world = make_world()
    amended(world)
    executive(world)
    draft, validated, review, approved = world.draft(), world.validated(), world.in_review(), world.approved()
    asked = waiver_request(
        actor=world["owner"], version_id=validated.pk, requirement="parity-ratio", reason="Known.",
        compensating_control="A person looks.", ends=clock.now() + timedelta(days=9),
    )  # fmt: skip
    emergency = emergency_request(
        actor=world["owner"], version_id=validated.pk, environment="production", region="eu", arm="main",
        reason="Down.", hours=1,
    )  # fmt: skip
    text = (ROOT / "fixtures/policies/low.yaml").read_text(encoding="utf-8")
    policy = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=policy.pk)
    things = [draft, validated, review, approved, asked, emergency, Policy.objects.get(pk=policy.pk)]
    wrong, opened = [], set()
    for row in things:
        row.refresh_from_db()
        for who in (
            "owner",
            "developer",
            "validator",
            "reviewer",
            "executive",
            "author",
            "approver",
            "auditor",
        ):
            for move in moves_of(world[who], row):
                name = act_for(row.ledger_kind, move.transition.name)
                if not name or ACTS[name].form not in (NoForm, ReasonForm):
                    continue
                said = outcome(ACTS[name], world[who], row)
                if (said == "") != move.open:
                    wrong.append((str(row), who, name, move.why or "open", said))
                if move.open:
                    opened.add(name)
    assert wrong == []
    assert {
        *(
            "submit",
            "start-review",
            "return",
            "withdraw",
            "restrict",
            "suspend",
            "approve-waiver",
            "refuse-waiver",
        ),
        *("agree-emergency", "refuse-emergency", "withdraw-emergency", "approve-policy", "withdraw-policy"),
    } <= opened


@pytest.mark.once
@pytest.mark.slow
def test_a_grant_and_a_hold_say_who_else_must_act(home: Path, db: None) -> None:
    world = make_world()
    executive(world)
    asked = grant_request(
        actor=world["one"],
        role="risk-reviewer",
        holder_id=world.users["executive"].pk,
        reason="More.",
        ends=None,
    )
    opened = {
        who: {move.transition.name for move in moves_of(world[who], asked) if move.open}
        for who in ("one", "two", "executive", "auditor")
    }
    assert opened == {"one": {"refuse"}, "two": {"confirm", "refuse"}, "executive": set(), "auditor": set()}
    why = next(move.why for move in moves_of(world["one"], asked) if move.transition.name == "confirm")
    assert why == "closed to whoever asked for it"
    hold = hold_place(actor=world["executive"], system_id=world.system_id, reason="A case.")
    lift = moves_of(world["executive"], hold)[0]
    assert (lift.open, lift.why) == (False, "closed to whoever placed it")
    assert moves_of(world["owner"], hold)[0].why == "your roles don't allow it"
