from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarrant.machine import IllegalMove, Machine, State, Transition, UnknownState

DOOR = Machine(
    "door",
    "Door",
    (
        State("draft", "Draft", "initial"),
        State("found", "Found in use", "intake"),
        State("open", "Open"),
        State("gone", "Gone", "final"),
    ),
    (
        Transition("submit", ("draft", "found"), "open", "Submit", "p.submit", gates=("complete",)),
        Transition(
            "return", ("open",), "draft", "Return", "p.review", not_by=("contributor",), event="returned"
        ),
        Transition("end", ("open", "draft"), "gone", "End", "p.end"),
    ),
    "moved",
)
WORDS = {
    "permissions": {"p.submit", "p.review", "p.end"},
    "gates": {"complete"},
    "events": {"returned", "moved"},
    "not_by": {"contributor"},
}


def _with(move: Transition) -> Machine:
    return replace(DOOR, transitions=(*DOOR.transitions, move))


def test_a_sound_table_has_no_faults():
    assert DOOR.faults(**WORDS) == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (replace(DOOR, states=(*DOOR.states, State("moon", "Moon", "final"))), "'moon' can't be reached"),
        (replace(DOOR, states=(*DOOR.states, State("open", "Open"))), "'open' is there 2 times"),
        (replace(DOOR, states=DOOR.states[1:]), "0 initial states"),
        (replace(DOOR, states=(*DOOR.states, State("two", "Two", "initial"))), "2 initial states"),
        (replace(DOOR, transitions=DOOR.transitions[:1]), "'open' is a dead end"),
        (_with(Transition("back", ("gone",), "open", "Back", "p.end")), "final state 'gone' has a way out"),
        (
            _with(Transition("end", ("open",), "draft", "End", "p.end")),
            "two transitions 'end' leave state 'open'",
        ),
        (_with(Transition("x", ("open",), "mars", "X", "p.end")), "unknown state 'mars'"),
        (_with(Transition("x", (), "open", "X", "p.end")), "starts nowhere"),
        (_with(Transition("x", ("open",), "draft", "X", "p.q")), "unknown permission 'p.q'"),
        (_with(Transition("x", ("open",), "draft", "X", "")), "names no permission"),
        (_with(Transition("x", ("open",), "draft", "X", "p.end", gates=("g",))), "unknown gate 'g'"),
        (_with(Transition("x", ("open",), "draft", "X", "p.end", event="e")), "unknown event 'e'"),
        (replace(DOOR, event=""), "is recorded by no event"),
        (replace(DOOR, event="walked"), "unknown event 'walked'"),
        (_with(Transition("x", ("open",), "draft", "X", "p.end", not_by=("n",))), "unknown relation 'n'"),
        (_with(Transition("x", ("open",), "draft", "", "p.end")), "lacks its name or title"),
        (_with(Transition("x", ("open",), "draft", "X", "p.end", roles=("r",))), "unknown role 'r'"),
        (_with(Transition("", ("open",), "draft", "X", "p.end")), "lacks its name or title"),
        (replace(DOOR, states=(*DOOR.states, State("", "Nameless", "final"))), "a state lacks its name"),
    ],
)
def test_each_unsound_table_is_named(table, said):
    assert any(said in fault for fault in table.faults(**WORDS))


def test_an_illegal_move_says_what_is_possible():
    with pytest.raises(IllegalMove) as refused:
        DOOR.move("draft", "return")
    assert refused.value.legal == ("submit", "end")
    assert "possible: submit, end" in str(refused.value)
    with pytest.raises(UnknownState):
        DOOR.legal("mars")


def test_replay_starts_only_at_a_start():
    assert DOOR.replay([]) == "draft"
    assert DOOR.replay(["submit"], start="found") == "open"
    with pytest.raises(IllegalMove):
        DOOR.replay([], start="open")
    with pytest.raises(IllegalMove):
        DOOR.replay(["submit", "end", "submit"])


def test_a_diagram_shows_every_state_and_move():
    text = DOOR.mermaid()
    assert all(f'"{state.title}"' in text for state in DOOR.states)
    assert text.count("-->") == 2 + 5 + 1


@st.composite
def machines(draw):
    names = [f"s{number}" for number in range(draw(st.integers(1, 6)))]
    kinds = st.sampled_from(["initial", "intake", "open", "final"])
    states = tuple(State(name, name.upper(), draw(kinds)) for name in names)
    moves = st.builds(
        Transition,
        st.sampled_from("abcd"),
        st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True).map(tuple),
        st.sampled_from(names),
        st.just("T"),
        st.just("p"),
    )
    return Machine("m", "M", states, tuple(draw(st.lists(moves, max_size=10))), "e")


@given(machines(), st.data())
def test_a_sound_table_walks_like_a_reference_model(machine, data):
    if machine.faults(permissions={"p"}, gates=(), events={"e"}, not_by=()):
        return
    table = {(source, m.name): m.target for m in machine.transitions for source in m.source}
    here, walked = machine.initial.name, []
    for name in data.draw(st.lists(st.sampled_from("abcd"), max_size=12)):
        if (here, name) not in table:
            with pytest.raises(IllegalMove):
                machine.replay([*walked, name])
            assert name not in [move.name for move in machine.legal(here)]
            continue
        walked.append(name)
        here = table[here, name]
        assert machine.replay(walked) == here


@given(machines())
def test_layout_places_every_state_once_and_never_on_another(machine):
    nodes, edges = machine.layout()
    assert [node.state for node in nodes] == list(machine.states)
    assert len({(node.x, node.y) for node in nodes}) == len(nodes)
    assert len(edges) == sum(len(move.source) for move in machine.transitions)
    assert machine.mermaid().startswith("stateDiagram-v2\n")
