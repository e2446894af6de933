"""Drawings say what the figures say, carry nothing a policy would refuse, and show no gap as a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from modelwarrant.machine import Machine, State, Transition
from monitoring.charts import bars, bounds, diagrams, intervals, lines, svg
from monitoring.charts.days import WORDS, DayMark, drift_by_day
from monitoring.charts.svg import Chart

HOSTILE = "<script>alert(1)</script>\"&' onload=x"
DAY = datetime(2026, 11, 1, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")
NS = "{http://www.w3.org/2000/svg}"

MACHINE = Machine(
    "thing",
    HOSTILE,
    (State("draft", "Draft", "initial"), State("live", HOSTILE), State("gone", "Gone", "final")),
    (
        Transition("go", ("draft",), "live", HOSTILE, "p"),
        Transition("back", ("live",), "draft", "Back", "p"),
        Transition("end", ("live", "draft"), "gone", "End", "p"),
    ),
)


def groups(text: str = HOSTILE) -> Chart:
    found = [
        intervals.Estimate(text, 0.74, 0.7, 0.8, 200, "pass"),
        intervals.Estimate("small", 0.5, 0.2, 0.8, 9, "inconclusive"),
        intervals.Estimate("bad", 0.3, 0.2, 0.4, 80, "fail"),
        intervals.Estimate("none", None, None, None, 0, "inconclusive"),
        intervals.Estimate("nan", NAN, NAN, INF, 3, ""),
    ]
    return intervals.by_group(text, found, measure=text, op=">=", bound=0.65)


def split() -> Chart:
    parts = [bars.Part("●", HOSTILE, tone) for tone in bars.TONES]
    return bars.split(HOSTILE, parts, [(HOSTILE, [1, 2, 3, 0, 4, 5]), ("EMPTY", [0] * 6)])


def trend() -> Chart:
    values = [0.7, None, NAN, 0.6, 0.5, INF]
    points = [lines.Point(DAY + timedelta(days=at), value, 0.4, 0.8, 10) for at, value in enumerate(values)]
    return lines.over_time(HOSTILE, points, measure=HOSTILE, op=">=", bound=0.65)


def held_to_bounds() -> Chart:
    found = [
        bounds.Judged(HOSTILE, 0.7, 0.6, 0.8, 200, "pass", ">=", 0.65),
        bounds.Judged("signed", -0.3, -0.4, -0.2, 90, "fail", "abs<=", 0.1),
        bounds.Judged("most", 0.2, None, None, 90, "inconclusive", "<", 0.25),
        bounds.Judged("none", None, None, None, 0, "error"),
        bounds.Judged("nan", NAN, NAN, INF, 3),
    ]
    return bounds.against_bounds(HOSTILE, found, measure=HOSTILE)


DRAWINGS: dict[str, Callable[[], Chart]] = {
    "bounds": held_to_bounds,
    "no bounds": lambda: bounds.against_bounds("None", [], measure="x"),
    "groups": groups,
    "no groups": lambda: intervals.by_group("None", [], measure="x"),
    "calibration": lambda: intervals.calibration(
        HOSTILE, [intervals.Bin(0.1, 0.2, 0.1, 0.3, 9), intervals.Bin(0.5, None, None, None, 0)]
    ),
    "no calibration": lambda: intervals.calibration("None", []),
    "split": split,
    "distributions": lambda: bars.distributions(HOSTILE, [HOSTILE, "b"], [1, 3], [0, 0], measure=HOSTILE),
    "no bins": lambda: bars.distributions("None", [], [], [], measure="x"),
    "trend": trend,
    "no trend": lambda: lines.over_time("None", [], measure="x"),
    "machine": lambda: diagrams.machine(MACHINE, "live", visited={"draft"}),
    "lineage": lambda: diagrams.lineage(
        HOSTILE,
        [diagrams.Thing("a", 0, HOSTILE, HOSTILE), diagrams.Thing("b", 1, "B", current=True)],
        [("a", "b", HOSTILE)],
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_named_and_harmless(name: str) -> None:
    chart = DRAWINGS[name]()
    root = ElementTree.fromstring(chart.svg)
    assert root.get("role") == "img"
    said = {element.get("id") for element in root if element.tag in (f"{NS}title", f"{NS}desc")}
    assert set((root.get("aria-labelledby") or "").split()) == said
    allowed = {"svg", "title", "desc", "defs", "pattern", "marker", "path", "rect", "line", "circle", "polygon",
               "polyline", "text"}  # fmt: skip
    for element in root.iter():
        assert element.tag.removeprefix(NS) in allowed
        assert not {key for key in element.attrib if key == "style" or key.startswith("on") or "href" in key}
        assert not any(
            "nan" in value or "inf" in value for key, value in element.attrib.items() if key in "x y d points"
        )
    assert "<script" not in chart.svg
    assert chart.svg.__html__() == chart.svg


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_input_gives_the_same_bytes_and_a_table(name: str) -> None:
    one, other = DRAWINGS[name](), DRAWINGS[name]()
    assert one == other
    assert all(len(row) == len(one.table.header) for row in one.table.rows)
    assert one.caption.endswith(".")


@pytest.mark.parametrize("name", DRAWINGS)
def test_everything_stays_on_the_canvas(name: str) -> None:
    root = ElementTree.fromstring(DRAWINGS[name]().svg)
    width, height = float(root.get("width") or 0), float(root.get("height") or 0)
    for element in root.iter():
        if element.tag.removeprefix(NS) not in ("rect", "circle", "line", "text"):
            continue
        for key, value in element.attrib.items():
            if key in ("x", "x1", "x2", "cx"):
                assert -1 <= float(value) <= width + 1, element.attrib
            if key in ("y", "y1", "y2", "cy"):
                assert -1 <= float(value) <= height + 1, element.attrib


def test_two_drawings_on_a_page_share_no_id() -> None:
    ids = re.findall(r' id="([^"]+)"', "".join(draw().svg for draw in DRAWINGS.values()))
    assert len(ids) == len(set(ids))


def test_an_undefined_group_has_a_word_and_no_point() -> None:
    chart = groups("accuracy")
    assert chart.svg.count(">undefined<") == 2
    assert chart.svg.count("<circle") == 1  # the group that passed; others are a cross and a diamond
    assert ("none", "undefined", "undefined", "undefined", "0", "inconclusive") in chart.table.rows
    assert "✕ fail" in chart.svg
    assert "? inconclusive" in chart.svg


def test_a_gap_breaks_the_line_and_is_marked() -> None:
    chart = trend()
    assert chart.svg.count("<polyline") == 1  # 0.6 to 0.5; 0.7 stands alone between its end and the gap
    assert chart.svg.count("no value") == 3
    assert [row[1] for row in chart.table.rows].count("no value") == 3


def test_an_empty_side_has_no_share() -> None:
    assert "current: no data" in DRAWINGS["distributions"]().svg


def test_the_machine_is_drawn_as_its_table_says() -> None:
    chart = diagrams.machine(MACHINE, "draft")
    assert chart.svg.count("● now") == 1
    assert chart.svg.count("marker-end") == 4  # one arrow per source of each transition
    assert chart.svg.count('marker-end="url(#strong') == 2
    assert [row[3] for row in chart.table.rows] == ["yes", "no", "yes"]
    assert chart.caption.endswith(f"Possible next: {HOSTILE}, End.")


def test_colours_are_visible_on_both_grounds() -> None:
    """3 to 1 against the paper of the portal in light and in dark (WCAG 2.2, 1.4.11)."""
    css = (Path(__file__).resolve().parents[2] / "static/modelwarrant/app.css").read_text()
    papers = re.findall(r"--paper: (#[0-9a-f]{6});", css)
    assert len(papers) == 2

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in (svg.BLUE, svg.GREEN, svg.RED, svg.AMBER, svg.VIOLET, svg.GREY):
        for paper in papers:
            low, high = sorted((luminance(colour), luminance(paper)))
            assert (high + 0.05) / (low + 0.05) >= 3, (colour, paper)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.61, 0.64), (-3.0, 1e6), (5.0, 5.0), (0.0, 1e-9)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = svg.ticks(low, high)
    assert 1 <= len(found) <= 12
    air = (high - low) * 1e-6 or 0.5
    assert all(low - air <= value <= high + air for value in found)


def test_drift_by_day_tells_days_apart_by_shape_and_word() -> None:
    start = date(2026, 3, 2)
    kinds = ["calm", "open", "quiet", "told", "missing", "unread"]
    marks = [
        DayMark(
            start + timedelta(days=n), None if kind in ("missing", "unread") else 0.1 * n, kind, f"<{kind}>"
        )
        for n, kind in enumerate(kinds)
    ]
    chart = drift_by_day("Drift", marks, learnt_from=start + timedelta(days=2), floor=0.05)
    assert "people were told on 1, not told of drift on 1, 2 without readable data" in chart.svg
    assert "baseline learnt" in chart.svg
    assert "<told>" not in chart.svg
    assert [row[2] for row in chart.table.rows] == [WORDS[kind] for kind in kinds]
    assert "No data yet." in drift_by_day("Drift", [], learnt_from=None, floor=0.05).svg


def test_what_lies_outside_a_bound_is_striped_and_said():
    chart = held_to_bounds()
    assert [row[5] for row in chart.table.rows] == ["≥ 0.65", "± 0.1", "< 0.25", "none", "none"]
    assert chart.svg.count('fill="url(#outside-') == 4
    assert "striped is outside the bound" in chart.caption
