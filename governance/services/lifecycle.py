"""The machines in words: one row a move, for the page of a machine, the API and docs/lifecycle.md alike."""

from __future__ import annotations

from dataclasses import dataclass

from governance.gates.catalogue import GATES as TITLES
from governance.gates.table import GATES
from governance.selectors.things import RELATIONS, kind_of, machines_by_app
from governance.services.moves import BY_ITSELF
from ledger.catalogue import catalogue
from modelwarrant.machine import Machine, Transition
from people.catalogue import AUTOMATIC, PERMISSIONS, ROLES, P, roles_with


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move in words. `who` are titles of roles, or what it follows from; `barred`, `gates` and `event` are words
    for people."""

    move: Transition
    sources: tuple[str, ...]
    target: str
    who: tuple[str, ...]
    permission: str
    barred: tuple[str, ...]
    gates: tuple[str, ...]
    event: str


def rows_of(machine: Machine) -> tuple[MoveRow, ...]:
    """Every move of the table, in its order."""
    return tuple(
        MoveRow(
            move,
            tuple(machine.state(name).title for name in move.source),
            machine.state(move.target).title,
            _who(machine, move),
            PERMISSIONS[P(move.permission)].title,
            tuple(RELATIONS[relation] for relation in move.not_by),
            tuple(TITLES[gate] for gate in move.gates),
            catalogue.title(machine.recorded_as(move)),
        )
        for move in machine.transitions
    )


def _who(machine: Machine, move: Transition) -> tuple[str, ...]:
    if follows := BY_ITSELF.get((kind_of(machine), move.name)):
        return (f"nobody by hand: {follows}",)
    permission = P(move.permission)
    if PERMISSIONS[permission].risk == "system":
        return ("ModelWarrant by itself",)
    holders = [role for role in roles_with(permission) if not move.roles or role in move.roles]
    by_itself = ["ModelWarrant by itself"] if permission in AUTOMATIC else []
    return tuple([ROLES[role].title for role in holders] + by_itself)


RULES = """\
## Beyond the tables

**Emergencies** (`break_glass` in the policy). The owner asks, with a reason and hours; a second person in the policy's
role, who took no part in the version, agrees. The version is in validation or review, its records, signature and files
are intact: no emergency opens those gates. The warrant rests on the recorded agreement, prints `break-glass`, and ends
with the clock, without grace. Then it is void (`break-glass-ended`), and the deployment ends unless the system declared
`keep`; what it returns to is recorded. Within `review_days` the normal seats approve the version, or the emergency stays
on every list as one that nobody approved. Another one is another row; only one per version is open. Tokens never.

**Waivers beyond one version** cover a model, or versions and places that are named. Only checks that the policy's
`waivers` name, and only by the accountable executive. Where places are named, a warrant for another place finds the
requirement open. A **renewal** is a waiver of its own, linked to the one before and counted; whoever approves it stands
one level higher: independent validator, risk reviewer, accountable executive. Warrants end with the waivers they rest on.
By API, for a person in a session: `GET, POST /api/v1/models/<id>/wide-waivers`, `GET /wide-waivers/<id>`, and `POST` to its
`/approve`, `/refuse`, `/revoke` and `/renewal`.

**One live version per slot**: going live supersedes what was live, and the database holds it too. Where the policy asks
for a `canary`, a version reported live before its days and checks on its own data is unexpected, and people are told.
**Back to what was live before** (`rollback.window_days`, counted from when the present one went live): whoever may move
deployments asks, tokens too. The version must still be approved and intact by the log; its checks' age doesn't keep
people on a version that fails now. No new approval, a new warrant. Deployments move when serving reports. `drill_days`
says how often the way back is tried; a failed drill moves no date.

**Retraining.** A breach or a person asks, a person decides, and only then does a version name the request it answers.
The classifier compares it with the version approved before: binding, kinds of components, features, contract, and that
each bounded metric is at most `retraining.margin` worse, by the lower limit of the difference put together from both
intervals. What can't be told isn't a yes. A person who took no part confirms; nobody takes the light path against the
classifier. On it the policy's first independent seat decides alone, while every criterion still holds at that moment;
pages and warrants say so.

**The end.** A version is retired once no deployment of it is open and somebody attested what became of its data. Its
page lists what rests on it. Its warrants end, and its manifest can't change any more.

"""


def document() -> str:
    """docs/lifecycle.md: every machine with its diagram, states and moves, then the gates and the relations."""
    lines = [
        "# Lifecycle",
        "",
        "Written by `manage.py lifecycle_docs` from the tables in `<app>/machines.py`, `governance/gates/table.py` and",
        "`people/catalogue.py`, which are what the services obey; a test holds this file to them. Don't edit it by hand.",
        "",
        "A move needs its permission, on the thing itself or a scope above it; all its gates; and nobody makes it whom",
        "history bars. The page of each thing (`/things/<kind>/<id>/`) says which moves are open to whoever reads it and",
        "why the others are closed; `GET /api/v1/things/<kind>/<id>/moves` answers the same.",
        "",
    ]
    lines += [*RULES.rstrip("\n").split("\n"), ""]
    for title, machines in machines_by_app().items():
        lines += [f"## {title}", ""]
        for machine in machines:
            lines += _machine(machine)
    lines += ["## Gates", "", "| gate | asks |", "|---|---|"]
    lines += [f"| {gate.title} | {_cell(gate.question)} |" for gate in GATES.values()]
    lines += [f"| {title} | Asked of the warrant and its reports in the transaction of the move. |"
              for name, title in TITLES.items() if name not in GATES]  # fmt: skip
    lines += ["", "## Who is barred", "", "| word | whom |", "|---|---|"]
    lines += [f"| {word} | {text} |" for word, text in RELATIONS.items()]
    return "\n".join(lines) + "\n"


def _machine(machine: Machine) -> list[str]:
    kinds = {"initial": "where it starts", "intake": "a further start", "open": "", "final": "final"}
    lines = [
        f"### {machine.title} (`{machine.name}`)",
        "",
        "```mermaid",
        machine.mermaid().rstrip(),
        "```",
        "",
    ]
    lines += ["| state | stored as | |", "|---|---|---|"]
    lines += [f"| {state.title} | `{state.name}` | {kinds[state.kind]} |" for state in machine.states]
    lines += [
        "",
        "| move | from | to | who | not by | gates | what follows | event |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows_of(machine):
        cells = (row.move.title, " or ".join(row.sources), row.target, ", ".join(row.who), "; ".join(row.barred),
                 ", ".join(row.gates), row.move.consequence, row.event)  # fmt: skip
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return [*lines, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
