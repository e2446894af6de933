"""What waits for me: overdue first, then by due date, and why it is mine."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.selectors.tasks import KINDS, MOST, Task, inbox_of
from ledger import clock
from ledger.actors import Actor
from ledger.workdays import calendar
from people.lists import Column, Filter, Listing, choices_of, register, shown_list
from people.pages import actor_of, named, reading
from people.selectors import names_of, notices_for
from registry.models.systems import RiskTier


def _tasks(actor: Actor) -> list[Task]:
    return inbox_of(actor).tasks


def _when(rows: list[Task], value: str) -> list[Task]:
    now = clock.now()
    if value == "overdue":
        return [task for task in rows if task.overdue(now)]
    return [task for task in rows if (task.due is not None) == (value == "dated")]


def _unclaimed(rows: list[Task], value: str) -> list[Task]:
    return [task for task in rows if task.claimable and bool(task.on_it) == (value == "claimed")]


def _on_it(task: Task) -> str:
    return ", ".join(sorted(names_of(task.on_it).values())) if task.on_it else ""


def _stands_for(task: Task) -> str:
    return " or ".join(names_of(task.stands_for).values()) if task.stands_for else ""


INBOX = register(
    Listing(
        "inbox", "What waits for you", "governance:inbox", _tasks,
        columns=(
            Column("do", "Do", lambda task: task.what, link=lambda task: task.url),
            Column("about", "About", lambda task: task.about),
            Column("system", "System", lambda task: task.system),
            Column("tier", "Risk tier", lambda task: task.tier, "tier"),
            Column("due", "Due", lambda task: task.due, "moment"),
            Column("on_it", "On it", _on_it),
            Column("state", "State", lambda task: task.state, "tag"),
            Column("why", "Why it is yours", lambda task: task.why),
            Column("for", "For", _stands_for),
            Column("since", "Since", lambda task: task.since, "moment"),
        ),
        filters=(
            Filter("do", "Do", lambda rows, value: [task for task in rows if task.kind == value], lambda: list(KINDS.items())),
            Filter("tier", "Risk tier", lambda rows, value: [task for task in rows if task.tier == value],
                   choices_of(RiskTier.values)),
            Filter("due", "Due", _when,
                   lambda: [("overdue", "Overdue"), ("dated", "With a date"), ("undated", "Without a date")]),
            Filter("claim", "On it", _unclaimed, lambda: [("nobody", "Nobody"), ("claimed", "Somebody")]),
        ),
        things=("task", "tasks"),
        empty="Nothing waits for you.",
        per_page=25,
    )
)  # fmt: skip


@reading
def inbox(request: HttpRequest) -> HttpResponse:
    """The first page: everything that waits for me."""
    actor = actor_of(request)
    found = inbox_of(actor)
    tasks = found.tasks
    context = shown_list(request, INBOX, tasks)
    now = clock.now()
    shown: list[Task] = context["objects"]
    context |= {
        "tasks": [(task, _due_word(task, now)) for task in shown],
        "overdue": sum(task.overdue(now) for task in tasks),
        "today": sum(_due_word(task, now) == "today" for task in tasks),
        "all": len(tasks),
        "barred": found.barred,
        "most": MOST,
        "more": [KINDS[kind] for kind in found.more],
        "me": actor.id,
        "names": named(person for task in shown for person in (*task.on_it, *task.stands_for)),
        "notices": notices_for(actor).filter(read_at=None)[:20],
    }
    return render(request, "governance/inbox.html", context)


def _due_word(task: Task, now: dt.datetime) -> str:
    """`overdue`, `today`, `later`, or empty without a date."""
    if task.due is None:
        return ""
    if task.overdue(now):
        return "overdue"
    zone = calendar().zone
    return "today" if task.due.astimezone(zone).date() == now.astimezone(zone).date() else "later"
