"""Every check's result is shown: words and a chart for each verdict, nothing hostile gets through, and pages stay small."""

from __future__ import annotations

import copy
import datetime as dt
import re
import types
import uuid
from html import unescape
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from ledger import clock
from ledger.templatetags.mw import figures
from monitoring import views
from monitoring.catalogue import CATALOGUE
from monitoring.models import Run
from monitoring.presentation import attempts, page, words
from monitoring.presentation.errors import advice
from monitoring.presentation.moved import window
from monitoring.presentation.table import PRESENTATIONS, presentation_of
from people.models import User
from tests.monitoring.outcomes import KINDS, outcome_of
from tests.monitoring.watched import START, day_of, watched

HOSTILE = "<script>alert(1)</script>\"&' onload=x"
AT = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
RUN, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def run_of(name: str, **columns: Any) -> types.SimpleNamespace:
    """The columns of a run that the page prints, as a stored one has them."""
    said: dict[str, Any] = {
        "pk": RUN, "check_name": name, "version_id": uuid.UUID(int=9), "version": "Scorer, version 3", "batch": None,
        "state": "done", "verdict": "", "attempts": 1, "progress": "", "error_code": "", "error_text": "",
        "requested_at": AT, "requested_by": "p-1", "requested_as": "reviewer", "finished_at": AT + dt.timedelta(seconds=9),
        "current": {"blob_id": "sha256:" + "1" * 64}, "reference": {"blob_id": "sha256:" + "2" * 64},
        "policy_digest": "sha256:" + "3" * 64, "seed": 7, "outcome_digest": "sha256:" + "4" * 64, "parameters": {},
    }  # fmt: skip
    return types.SimpleNamespace(**said | columns)


def attempt(number: int, verdict: str, result: Any = None) -> attempts.Attempt:
    at = AT + dt.timedelta(minutes=number)
    run = uuid.UUID(int=number)
    return attempts.Attempt(run, at, "p-1", "reviewer", "done", verdict, data="d", bounds="b", result=result)


def rendered(name: str, kind: str = "good", outcome: dict[str, Any] | None = None, **more: Any) -> str:
    """The page of a run without a database."""
    outcome = outcome or outcome_of(name, kind)
    decided = page.deciding_result(outcome)
    tried = more.pop("tried", None)
    if tried is None:
        few = outcome_of(name, "few")
        earlier = attempt(0, few["verdict"], decided and attempts.same(few, decided))
        here = attempt(1, outcome["verdict"], decided)
        tried = attempts.attempts_of([earlier, here], RUN, decided, name)
    thresholds = [result["threshold"] for result in outcome["results"] if result["threshold"]]
    context = {
        "run": run_of(name, verdict=outcome["verdict"]),
        "check": CATALOGUE.get(name),
        "outcome": outcome,
        "shown": page.shown(outcome, [t for t in thresholds if t["set_by"] != "default of the check"]),
        "attempts": tried,
        "labels": None,
        "names": {"p-1": "Ada"},
        "refresh": 0,
    }
    return render_to_string("monitoring/run.html", context | more)


def test_every_check_has_a_row_with_words_for_each_verdict():
    assert set(PRESENTATIONS) == set(CATALOGUE)
    for row in PRESENTATIONS.values():
        said = [row.says(verdict) for verdict in words.VERDICTS]
        assert len(set(said)) == 4
        assert all(text.endswith(".") for text in said)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_page_shows_verdict_chart_bound_interval_n_and_limits(name, kind):
    outcome = outcome_of(name, kind)
    said = page.shown(outcome, [r["threshold"] for r in outcome["results"] if r["threshold"]])
    text = rendered(name, kind)
    assert said.sentence == presentation_of(name).says(outcome["verdict"])
    assert said.deciding is not None
    ElementTree.fromstring(said.deciding.svg)
    assert {"title", "desc"} <= {
        child.tag.rpartition("}")[2] for child in ElementTree.fromstring(said.deciding.svg)
    }
    assert said.decided is not None
    assert said.decided.verdict == outcome["verdict"]
    plain = page_text(text)
    for needed in (
        said.sentence,
        said.decided.bound,
        said.decided.value,
        f"n = {said.decided.n:,}",
        figures(said.decided.why)[:8],
    ):
        assert needed in plain
    assert CATALOGUE[name].cannot_tell in plain
    assert "undefined" not in said.decided.value
    if outcome["verdict"] != "error":
        assert said.decided.changes
    assert len(text) < 150_000


class Read(HTMLParser):
    """What a browser makes of a page: names of attributes, and how many scripts there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        self.scripts += tag == "script"


def page_text(html: str) -> str:
    """What a reader reads, entities resolved and spaces single."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


def test_the_kinds_of_data_reach_every_verdict():
    reached = {(name, outcome_of(name, kind)["verdict"]) for name in CATALOGUE for kind in KINDS}
    assert {name for name, verdict in reached if verdict == "fail"} == set(CATALOGUE)
    assert {name for name, verdict in reached if verdict == "pass"} == set(CATALOGUE) - {"label-free"}


def test_what_would_change_a_verdict():
    def result(
        verdict: str, value: float | None, op: str = ">=", bound: float = 0.8, n: int = 100, **details: Any
    ) -> Any:
        threshold = {
            "metric": "m",
            "op": op,
            "bound": bound,
            "unit": "",
            "set_by": "P",
            "source": "",
            "minimum_n": 0,
            "slice": {},
        }
        return {
            "metric": "m", "slice": {}, "value": value, "low": None, "high": None, "n": n, "unit": "share", "verdict": verdict,
            "threshold": threshold, "why": "", "method": "", "details": details,
        }  # fmt: skip

    assert "150 prompts in all (50 more)" in words.changes(
        result("inconclusive", 0.85, rows_needed=150), "prompts"
    )
    assert "300 rows in all (200 more)" in words.changes(
        result("inconclusive", 0.85, rows_needed=150), least=300
    )
    held = result("inconclusive", 0.9, rows_needed=101, own_low=0.85, own_high=0.95)
    assert "something else holds it back" in words.changes(held)
    assert "No number of rows" in words.changes(result("inconclusive", 0.8, rows_needed=None))
    assert "measured first" in words.changes(result("inconclusive", None))
    assert "misses the bound by 0.3: it would have to be at least 0.8" in words.changes(result("fail", 0.5))
    assert "0.1 to spare" in words.changes(result("pass", 0.95, own_low=0.9, own_high=0.99))
    assert words.changes(result("pass", -0.15, "abs<=", 0.2, own_low=-0.19, own_high=-0.1)).startswith(
        "It has 0.01 to"
    )
    assert words.changes(result("pass", 0.0, "<=", 0.0)) == "It lies exactly at the bound."
    # A pass whose figure lies beyond the bound that is printed has no room to spare.
    assert words.changes(result("pass", 0.7)) == ""
    drift = result("pass", 0.06, "<=", 0.05, tolerance=0.2, own_high=0.12)
    assert words.changes(drift) == "It has 0.08 to spare, chance allowed for (at most 0.12)."
    assert "a shift beyond 0.2 sd" not in words.bound(drift["threshold"])
    assert "beyond 0.2 is excluded" in words.rule(drift)


def test_rounding_never_moves_a_figure_to_or_over_its_bound():
    assert words.figure(0.79999, 0.8) == "0.79999"
    assert words.figure(0.81234, 0.8) == "0.8123"
    assert words.figure(0.80004, 0.80001) == "0.80004"
    assert words.figure(12345.678) == "12,345.7"
    assert words.figure(4000.0) == "4,000"
    assert words.figure(None) == words.figure(float("nan")) == "undefined"


def test_attempts_are_counted_and_a_tried_for_pass_says_so():
    tried = attempts.attempts_of(
        [attempt(3, "fail"), attempt(1, "pass"), attempt(2, "error"), attempt(4, "pass")],
        uuid.UUID(int=4),
        None,
        "drift",
    )
    assert tried.sentence == "Attempt 4 of 4 on this version. The first one passed."
    assert "2 earlier attempts" in tried.warning
    late = [attempt(number, "fail" if number < 40 else "pass") for number in range(1, 41)]
    tried = attempts.attempts_of(late, uuid.UUID(int=40), None, "drift")
    assert tried.sentence.endswith("It passed at attempt 40, after 39 that did not.")
    assert "39 earlier attempts that did not pass, on the same data" in tried.warning
    assert attempts.attempts_of(late[:1], RUN, None, "drift").sentence == "The only attempt on this version."
    assert attempts.attempts_of(late[:2], RUN, None, "drift").warning == ""
    many = attempts.attempts_of(
        [attempt(n, "fail") for n in range(1, 301)], uuid.UUID(int=300), None, "drift"
    )
    assert (many.count, len(many.rows), many.left_off) == (300, 50, 250)


def test_attempts_show_the_deciding_figure_of_each():
    good, bad = outcome_of("evaluation"), outcome_of("evaluation", "bad")
    decided = page.deciding_result(bad)
    assert decided is not None
    tried = attempts.attempts_of(
        [attempt(1, "pass", attempts.same(good, decided)), attempt(2, "fail", decided)],
        uuid.UUID(int=2),
        decided,
        "evaluation",
    )
    assert [row.number for row in tried.rows] == [2, 1]
    assert all(row.value for row in tried.rows)
    assert tried.rows[0].value != tried.rows[1].value
    assert tried.rows[1].differs == "same data and bounds, another seed"
    assert tried.chart is not None
    assert len(tried.chart.table.rows) == 2


def test_drift_over_time_tells_window_baseline_and_distance():
    facts = dict(page.shown(outcome_of("drift-over-time", "bad"), []).facts)
    assert facts["Window that decided"].startswith("both: the day 2026-04-05, and the 7 days")
    assert facts["Baseline"].startswith("learnt from 28 days, 2026-03-02 to 2026-03-29")
    assert "within the tolerance of 0.2 sd" in facts["Baseline against the approved reference"]
    assert "not learnt yet" in dict(page.shown(outcome_of("drift-over-time", "few"), []).facts)["Baseline"]
    week = [{"verdict": "fail", "details": {"certain": ["location of the week"]}}]
    assert window(week, "2026-04-05", 7) == "the week: the 7 days that end with 2026-04-05"
    day = [{"verdict": "fail", "details": {"certain": ["location"]}}]
    assert window(day, "2026-04-05", 7) == "the day 2026-04-05"


def test_bounds_say_when_they_were_set():
    outcome = outcome_of("evaluation")
    mine = [result["threshold"] for result in outcome["results"] if result["threshold"]]
    assert page.shown(outcome, mine).set_before == "request"
    # As a run keeps them: slices as pairs.
    assert page.shown(outcome, [{**one, "slice": []} for one in mine]).set_before == "request"
    assert page.shown(outcome, [{**one, "bound": 0.1} for one in mine]).set_before == "inputs"
    assert page.shown(outcome_of("drift"), []).set_before == "check"
    assert "before anything was measured" in page_text(rendered("evaluation"))


def test_nothing_judged_is_never_a_pass():
    outcome = copy.deepcopy(outcome_of("evaluation"))
    for result in outcome["results"]:
        result |= {"verdict": None, "threshold": None}
    outcome["verdict"] = "inconclusive"
    text = page_text(rendered("evaluation", outcome=outcome))
    assert "Nothing was judged: no bound was set" in text
    assert presentation_of("evaluation").passes not in text


@pytest.mark.parametrize("name", CATALOGUE)
def test_hostile_names_are_escaped(name):
    def hostile(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hostile(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hostile(item) for item in value]
        return (
            HOSTILE
            if isinstance(value, str) and value in ("Female", "north", "age", "region", "sex")
            else value
        )

    outcome = copy.deepcopy(outcome_of(name, "bad"))
    for result in outcome["results"]:
        result["slice"] = {(key if key == "by" else HOSTILE): HOSTILE * 30 for key in result["slice"]}
        result["why"] += HOSTILE
        result["details"] = hostile(result["details"])
        if result["threshold"]:
            result["threshold"] |= {"set_by": HOSTILE, "slice": {}}
    outcome["tables"] = outcome["tables"] | dict.fromkeys(
        [HOSTILE], next(iter(outcome["tables"].values()), "")
    )
    outcome["tables"] = hostile(outcome["tables"])
    outcome["warnings"] = [HOSTILE]
    text = rendered(name, outcome=outcome)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    read = Read(text)
    assert not [name for name in read.attributes if name.startswith("on")]
    assert read.scripts == 1


def test_two_thousand_columns_stay_a_page():
    outcome = copy.deepcopy(outcome_of("drift", "bad"))
    effects = [result for result in outcome["results"] if result["metric"] == "drift_effect"]
    outcome["results"] = [
        {
            **result,
            "slice": {"feature": f"column {number} " + "x" * 150},
            "verdict": "fail" if number % 4 else "pass",
        }
        for number, result in enumerate(effects * 334)
    ]
    table = {"columns": ["bin", "reference", "current"], "rows": [["a" * 9000, 1, 2]] * 50}
    outcome["tables"] = {f"column {number} " + "x" * 150: table for number in range(2000)}
    outcome["warnings"] = ["w" * 5000] * 500
    text = rendered("drift", outcome=outcome)
    assert len(text) < 400_000
    plain = page_text(text)
    assert "The worst 50 of 2,004 are shown. Not shown: 1,453 fail, 501 pass." in plain
    assert f"/api/v1/runs/{RUN}" in text
    assert plain.count("Largest shift") < 70


def test_a_run_that_has_not_ended_refreshes_itself_and_can_be_cancelled():
    run = run_of("drift", state="due", verdict="", attempts=2, progress="3 of 7 parts")
    text = rendered("drift", run=run, shown=None, refresh=10, may_cancel=True)
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in text
    assert 'data-refresh="10"' in text
    assert "3 of 7 parts" in text
    assert "cancel-run" in text
    assert "cancel-run" not in rendered("drift", run=run, shown=None, refresh=10, may_cancel=False)
    assert "http-equiv" not in rendered("drift")


def test_errors_have_a_name_and_what_to_do():
    run = run_of("drift", state="error", verdict="error", error_code="unknown-column", error_text=HOSTILE)
    text = rendered("drift", run=run, shown=None, error=advice("unknown-column"))
    assert "A column is not there" in text
    assert "Correct the declared columns" in text
    assert "unknown-column" in text
    assert "<script>alert" not in text
    assert "An error is never a pass" in text
    assert advice("never-heard-of")[0]
    assert advice("cancelled") != advice("fault")


def test_late_labels_are_provisional_or_matured_and_linked():
    assert page.labels_of("", None) is None
    outcome = copy.deepcopy(outcome_of("evaluation"))
    outcome["inputs"]["current"]["labels"] = {"labelled": 1500, "of": 4000, "revised": 2, "of_other_rows": 0}
    labels = page.labels_of("provisional", outcome)
    other = run_of("evaluation", pk=OTHER, verdict="pass", parameters={"monitored": {"stage": "matured"}})
    text = rendered("evaluation", outcome=outcome, labels=labels, other_stages=[other])
    plain = page_text(text)
    assert "Provisional: labels are still coming" in plain
    assert "37.5 % (1,500 of 4,000 rows)" in plain
    assert f"/runs/{OTHER}/" in text
    assert "the matured one" in plain
    assert "does not exist yet" in page_text(rendered("evaluation", labels=labels))
    assert page.labels_of("matured", None).share == "unknown"


def test_a_check_of_another_version_is_still_shown():
    outcome = copy.deepcopy(outcome_of("evaluation", "bad")) | {"check": "gone"}
    assert "A bound that was set is missed." in page_text(
        rendered("gone", outcome=outcome, tried=attempts.attempts_of([], RUN, None, "gone"))
    )


@pytest.mark.once
@pytest.mark.usefixtures("home", "transactional_db")
def test_the_page_of_a_stored_run_links_both_judgements(monkeypatch: pytest.MonkeyPatch) -> None:
    now = START + dt.timedelta(days=1, hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("evaluation",), labels_after_days=7)
    batch = model.report(0)
    columns = day_of(0)
    model.labels(0, {name: values[:80] for name, values in columns.items()}, name="first")
    now = START + dt.timedelta(days=9)
    model.labels(0, {name: values[80:] for name, values in columns.items()}, name="second")
    first, last = Run.objects.filter(batch=batch).order_by("requested_at")

    def seen(run: Run) -> str:
        request = RequestFactory().get(f"/runs/{run.pk}/")
        request.user, request.actor = User.objects.first(), model.ci  # type: ignore[attr-defined]
        text: str = views.run(request, run.pk).content.decode()
        return text

    early, late = seen(first), seen(last)
    assert "Provisional" in early
    assert "66.7 % (80 of 120 rows)" in early
    assert f"/runs/{last.pk}/" in early
    assert "Matured" in late
    assert "100 % (120 of 120 rows)" in late
    assert f"/runs/{first.pk}/" in late
    assert "Attempt 2 of 2 on this batch. It passed at attempt 2, after 1 that did not." in page_text(late)
    assert "other labels" in late
    # Labels that came in between are no second try.
    assert "weaker evidence" not in late
    assert len(late) < 150_000
