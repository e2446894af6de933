"""What the page of a monitor shows, put together from rows: its days, its story in words, its charts. Changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import clock
from monitoring.catalogue import CATALOGUE
from monitoring.charts.days import DayMark, drift_by_day
from monitoring.charts.lines import Point, over_time
from monitoring.charts.svg import Chart
from monitoring.models import Baseline, Batch, Breach, MissedSlot, Monitor, Run
from monitoring.services.histories import date_of, newest_baseline
from monitoring.services.runs import monitored_of, plan_of

SHOWN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Told:
    """What was decided about one breach of a batch."""

    breach: Breach
    paged: bool
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """One batch with its runs, attempts in order, and what was told."""

    batch: Batch
    runs: tuple[tuple[Run, str], ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """`words` is the story in sentences, the most important first."""

    words: tuple[str, ...]
    charts: tuple[Chart, ...]
    lines: tuple[Line, ...]
    batches: int


def overview(monitor: Monitor) -> Overview:
    """The last SHOWN_DAYS batches of a monitor. A constant number of queries."""
    rows = Batch.objects.filter(deployment=monitor.deployment_id).order_by("-period_start", "-received_at")
    batches = list(rows[:SHOWN_DAYS])
    since = batches[-1].period_start if batches else monitor_start(monitor)
    runs: dict[Any, list[Run]] = {}
    for run in Run.objects.filter(batch__in=batches).order_by("requested_at", "id"):
        runs.setdefault(run.batch_id, []).append(run)
    breaches = list(
        Breach.objects.filter(monitor=monitor, batch__in=batches)
        .select_related("paging", "run")
        .order_by("opened_at")
    )
    missed = list(MissedSlot.objects.filter(monitor=monitor, starts_at__gte=since).order_by("starts_at"))
    lines = tuple(_line(batch, runs.get(batch.pk, []), breaches) for batch in batches)
    learnt = newest_baseline(monitor)
    charts = [_drift(monitor, learnt, lines, missed), *_quality(lines, missed)]
    return Overview(
        tuple(_words(monitor, learnt, lines, missed)), tuple(filter(None, charts)), lines, rows.count()
    )


def monitor_start(monitor: Monitor) -> dt.datetime:
    """From when data are expected."""
    plan = plan_of(monitor)
    return plan.starts_at if plan is not None else clock.now()


def _line(batch: Batch, runs: Sequence[Run], breaches: Iterable[Breach]) -> Line:
    ordered = sorted(runs, key=lambda run: (run.check_name, run.requested_at))
    named = tuple((run, monitored_of(run).get("stage", "")) for run in ordered)
    told = tuple(_told(breach) for breach in breaches if breach.batch_id == batch.pk)
    return Line(batch, named, told)


def _told(breach: Breach) -> Told:
    paging = getattr(breach, "paging", None)
    if paging is None:
        return Told(breach, False, "Other checks of these data are still running.")
    return Told(breach, paging.paged, paging.why)


def _words(
    monitor: Monitor, learnt: Baseline | None, lines: Sequence[Line], missed: Sequence[MissedSlot]
) -> Iterable[str]:
    if not lines:
        yield "No data have come yet."
    else:
        newest = lines[0].batch
        yield f"The newest data are of {date_of(newest)}, received {newest.received_at:%Y-%m-%d %H:%M} UTC."
    plan = plan_of(monitor)
    if plan is not None:
        late = f", their labels within {plan.labels_after_days} days" if plan.labels_after_days else ""
        every = "day" if plan.every_days == 1 else f"{plan.every_days} days"
        yield f"Data are expected every {every}{late}."
    if missed:
        yield f"For {_days(len(missed))} no data came in time, the last time for {missed[-1].starts_at:%Y-%m-%d}."
    told = [one for line in lines for one in line.told]
    if told:
        paged = sum(one.paged for one in told)
        yield (
            f"{len(told)} breach{'es' if len(told) > 1 else ''} in {_days(len(lines))} of data: people were told of {paged}, "
            f"and not of {len(told) - paged}, each for a reason below."
        )
    elif lines:
        yield f"No breach in {_days(len(lines))} of data."
    if learnt is not None:
        yield (
            f"What is normal was learnt from {_days(learnt.days)} ({learnt.first_day} to {learnt.last_day}); it is baseline "
            f"{learnt.number} and does not adapt by itself."
        )
    elif plan is not None and any(CATALOGUE[item["check"]].reads == "history" for item in monitor.checks):
        dates = len({date_of(line.batch) for line in lines if line.batch.state == "checked"})
        yield f"What is normal is still being learnt: {min(dates, plan.baseline_days)} of {plan.baseline_days} days are there."


def _drift(
    monitor: Monitor, learnt: Baseline | None, lines: Sequence[Line], missed: Sequence[MissedSlot]
) -> Chart | None:
    kinds = {name for name, check in CATALOGUE.items() if check.kind == "drift"}
    marks: dict[dt.date, DayMark] = {}
    for line in lines:
        for run, _ in line.runs:
            if run.check_name in kinds and run.state != "due":
                mark = _mark(line, run)
                known = marks.get(mark.date)
                if known is None or (mark.value or 0.0) >= (known.value or 0.0):
                    marks[mark.date] = mark
    if not marks and not any(item["check"] in kinds for item in monitor.checks):
        return None
    for slot in missed:
        date = slot.starts_at.astimezone(dt.UTC).date()
        marks.setdefault(date, DayMark(date, None, "missing", "No data came in time."))
    from_when = learnt.last_day + dt.timedelta(days=1) if learnt is not None and learnt.number == 1 else None
    return drift_by_day("Drift over time", list(marks.values()), learnt_from=from_when, floor=0.05)


def _mark(line: Line, run: Run) -> DayMark:
    date = date_of(line.batch)
    if run.outcome is None:
        return DayMark(date, None, "unread", run.error_text[:200])
    effects = [result for result in run.outcome["results"] if result["metric"] == "drift_effect"]
    values = [abs(result["value"]) for result in effects if result["value"] is not None]
    largest = max(values, default=None)
    told = next((one for one in line.told if one.breach.run_id == run.pk), None)
    if run.verdict == "fail" and told is not None:
        return DayMark(date, largest, "told" if told.paged else "quiet", told.why)
    return DayMark(date, largest, "calm" if run.verdict == "pass" else "open", run.outcome["summary"])


def _quality(lines: Sequence[Line], missed: Sequence[MissedSlot]) -> Iterable[Chart]:
    """For each judged figure that needs labels: the matured value of each batch, or the last provisional one.

    Between values, data without labels and days without data are gaps.
    """
    judged = {line.batch.period_start: _judged(line) for line in lines}
    keys = dict.fromkeys(key for found in judged.values() for key in found)
    for metric, op, bound in keys:
        there = [at for at, found in judged.items() if (metric, op, bound) in found]
        points = [judged[at][metric, op, bound] for at in there]
        gaps = {*judged, *(slot.starts_at for slot in missed)} - set(there)
        points += [Point(at, None) for at in gaps if min(there) < at < max(there)]
        title = f"{metric.replace('_', ' ').capitalize()}, once labels came"
        yield over_time(title, points, measure=metric, op=op, bound=bound)


def _judged(line: Line) -> dict[tuple[str, str, float], Point]:
    staged = [(run, stage) for run, stage in line.runs if stage and run.outcome is not None]
    if not staged:
        return {}
    chosen = next((run for run, stage in reversed(staged) if stage == "matured"), staged[-1][0])
    return {
        (result["metric"], result["threshold"]["op"], result["threshold"]["bound"]): Point(
            line.batch.period_start, result["value"], result["low"], result["high"], result["n"]
        )
        for result in (chosen.outcome or {})["results"]
        if result["threshold"] is not None and not result["slice"]
    }


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
