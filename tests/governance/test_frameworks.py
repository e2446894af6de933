"""No row turns good on what isn't there, isn't fresh, isn't ours, isn't whole or isn't a person's to say."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance.frameworks.assessment import COVERED, MET, SYMBOLS, Assessment, Share, State, assess
from governance.frameworks.evidence import Attestation, EvidenceItem, NotApplicable, Outcome
from governance.frameworks.pack import PackInvalid, RowClass, load
from governance.policies.document import load as load_policy

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "fixtures/frameworks/nist_ai_rmf_1_0.json").read_text()
PACK = load(TEXT)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALL_ROWS = frozenset(row.id for row in PACK.rows)
CARD = frozenset(field for row in PACK.rows for field in row.card)
JUDGED = {"evaluation-run", "fairness-run", "drift-run", "contract-run"}


def item(kind: str, **values: Any) -> EvidenceItem:
    outcome = Outcome.PASS if kind in JUDGED else Outcome.NONE
    base = EvidenceItem(
        kind, f"{kind}-1", "sha256:0", NOW, NOW, version="v2", outcome=outcome,
        filled=CARD if kind == "card" else frozenset(),
    )  # fmt: skip
    return replace(base, **values)


def attestation(**values: Any) -> Attestation:
    base = Attestation(
        "a-1", "sha256:0", ALL_ROWS, "p-person", "owner", "I looked.", NOW, NOW + timedelta(days=90), NOW
    )
    return replace(base, **values)


EVERYTHING = [item(kind) for kind in PACK.evidence_types if kind != "attestation"]


def judged(
    evidence: list[EvidenceItem] = EVERYTHING, said: list[Attestation] | None = None, **more: Any
) -> Assessment:
    values: dict[str, Any] = {"at": NOW, "tier": "high", "version": "v2"} | more
    return assess(PACK, evidence, [attestation()] if said is None else said, **values)


def test_the_pack_is_whole() -> None:
    assert Counter(row.function for row in PACK.rows) == {
        "GOVERN": 19,
        "MAP": 18,
        "MEASURE": 22,
        "MANAGE": 13,
    }
    assert (len(PACK.functions), len(PACK.categories), len(PACK.rows)) == (4, 19, 72)
    assert [row.id for row in PACK.rows if row.cls is RowClass.AUTOMATIC] == ["MEASURE 2.1"]
    assert sum(row.cls is RowClass.OUTSIDE for row in PACK.rows) == 4
    assert PACK.row("MANAGE 1.1").cls is PACK.row("MEASURE 2.11").cls is RowClass.PARTIAL
    invented = {"MANAGE 3.3", "MANAGE 4.4"}  # in copies that go round, not in AI RMF 1.0
    assert not invented & ALL_ROWS


def _broken(change: str) -> str:
    data = json.loads(TEXT)
    rows = data["subcategories"]
    match change:
        case "row gone":
            rows.pop()
        case "row twice":
            rows[1] = rows[0]
        case "invented row":
            rows.append(rows[-1] | {"id": "MANAGE 4.4"})
        case "class up":
            next(row for row in rows if row["class"] == "attestation")["class"] = "automatic"
        case "unknown evidence":
            rows[2]["needs"] = ["good-will"]
        case "older in a higher tier":
            data["evidence_types"]["drift-run"]["maximum_age_days"]["high"] = 999
        case "no tier":
            del data["evidence_types"]["drift-run"]["maximum_age_days"]["high"]
        case "strange key":
            rows[0]["score"] = 100
        case "other format":
            data["format"] = 2
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("row gone", "71 subcategories, the pack says 72"),
        ("row twice", "there 2 times"),
        ("invented row", "MANAGE has 14"),
        ("class up", "needs evidence types"),
        ("unknown evidence", "unknown evidence type 'good-will'"),
        ("older in a higher tier", "may not allow older"),
        ("no tier", "for each tier"),
        ("strange key", "can't be read"),
        ("other format", "format 2 is unknown"),
    ],
)
def test_a_broken_pack_is_refused(change: str, says: str) -> None:
    with pytest.raises(PackInvalid, match=says):
        load(_broken(change))


def test_the_card_fields_of_the_pack_are_those_the_strictest_policy_asks_for() -> None:
    policy = load_policy((ROOT / "fixtures/policies/high.yaml").read_text())
    assert {*policy.card_fields("submit"), *policy.card_fields("approve")} >= CARD
    assert set(policy.rmf) <= ALL_ROWS


def test_with_everything_there_only_one_row_is_carried_by_records_alone() -> None:
    found = judged()
    assert found.automation == Share(1, 68)
    assert found.coverage == found.met == Share(68, 68)
    assert found.counts == {State.FRESH: 1, State.ATTESTED: 67, State.OUTSIDE: 4}
    assert found.intact
    assert found.notices == ()


def test_no_evidence_is_no_evidence() -> None:
    """RP-10."""
    found = judged([], [])
    assert found.coverage == found.met == found.automation == Share(0, 68)
    assert found.counts == {State.MISSING: 68, State.OUTSIDE: 4}
    assert "There is no evidence of any kind." in found.notices


def test_records_without_a_person_are_half() -> None:
    found = judged(said=[])
    assert found.met == Share(1, 68)
    assert found.row("MEASURE 2.11").state is State.PART
    assert found.row("MEASURE 2.11").words == "Part: attestation missing"


def test_a_person_without_records_is_half() -> None:
    """RP-10: only attestations."""
    found = judged([])
    half = [row for row in found.rows if row.row.cls is RowClass.PARTIAL]
    assert {row.state for row in half} == {State.PART}
    assert found.row("MEASURE 2.1").state is State.MISSING
    assert found.met == Share(23, 68)


def test_all_not_applicable_has_no_share_and_says_so() -> None:
    """RP-10."""
    said = [NotApplicable(row, "Not ours", "p-boss", NOW + timedelta(days=1)) for row in sorted(ALL_ROWS)]
    found = judged(not_applicable=said)
    assert str(found.coverage) == str(found.met) == str(found.automation) == "none"
    assert found.counts == {State.NOT_APPLICABLE: 68, State.OUTSIDE: 4}
    assert any("more than 20 %" in notice for notice in found.notices)


def test_a_lapsed_exemption_is_none() -> None:
    found = judged(not_applicable=[NotApplicable("MAP 1.5", "Not ours", "p-boss", NOW)])
    assert found.row("MAP 1.5").state is State.ATTESTED
    assert any("MAP 1.5" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.FAIL, State.FAILED),
        (Outcome.INCONCLUSIVE, State.INSUFFICIENT),
        (Outcome.ERROR, State.INSUFFICIENT),
    ],
)
def test_what_did_not_pass_is_not_met(outcome: Outcome, state: State) -> None:
    """RP-10: a check that ended in an error."""
    evidence = [item(e.type, outcome=outcome) if e.type == "fairness-run" else e for e in EVERYTHING]
    row = judged(evidence).row("MEASURE 2.11")
    assert row.state is state
    assert row.state not in MET


def test_a_waiver_does_not_make_a_failure_good() -> None:
    """RP-10."""
    evidence = [item(e.type, outcome=Outcome.FAIL) if e.type in JUDGED else e for e in EVERYTHING]
    assert judged(evidence).row("MEASURE 2.11").state is State.FAILED


@pytest.mark.parametrize(("late", "state"), [(0, State.FRESH), (1, State.STALE)])
def test_a_second_past_its_age_is_stale(late: int, state: State) -> None:
    """RP-11."""
    then = NOW - timedelta(days=90, seconds=late)
    evidence = [item("evaluation-run", dated=then, received=then)]
    assert judged(evidence).row("MEASURE 2.1").state is state


def test_a_feed_that_stopped_is_stale_and_says_since_when() -> None:
    """RP-11."""
    then = NOW - timedelta(days=3)
    evidence = [
        item("drift-run", dated=then, received=then) if e.type == "drift-run" else e for e in EVERYTHING
    ]
    row = judged(evidence).row("MEASURE 2.4")
    assert row.state is State.STALE
    assert "stale since 2026-11-20 12:00:00" in row.why[0]


def test_old_results_uploaded_today_are_old_and_a_date_in_the_future_buys_nothing() -> None:
    old = item("evaluation-run", dated=NOW - timedelta(days=400))
    assert judged([old]).row("MEASURE 2.1").state is State.STALE
    long_ago = NOW - timedelta(days=400)
    ahead = item("evaluation-run", dated=NOW + timedelta(days=400), received=long_ago)
    found = judged([ahead])
    assert found.row("MEASURE 2.1").state is State.STALE
    assert any("after their receipt" in notice for notice in found.notices)


def test_results_of_another_version_are_stale_but_what_belongs_to_the_house_is_inherited() -> None:
    """RP-11."""
    evidence = [replace(e, version="v1") for e in EVERYTHING]
    found = judged(evidence)
    assert found.row("MEASURE 2.1").state is State.STALE
    assert found.row("MANAGE 1.1").state is State.STALE
    assert found.row("GOVERN 2.1").state is State.ATTESTED


def test_a_newer_run_of_another_version_does_not_hide_ours() -> None:
    ours = item("evaluation-run", outcome=Outcome.FAIL, received=NOW - timedelta(days=1))
    theirs = item("evaluation-run", id="x", version="v1")
    assert judged([ours, theirs]).row("MEASURE 2.1").state is State.FAILED


def test_of_two_topics_the_weaker_counts_and_a_rerun_replaces_only_its_own() -> None:
    early = NOW - timedelta(days=1)
    runs = [
        item("evaluation-run", id="1", topic="accuracy", outcome=Outcome.FAIL, received=early),
        item("evaluation-run", id="2", topic="accuracy"),
        item("evaluation-run", id="3", topic="calibration", outcome=Outcome.FAIL, received=early),
    ]
    assert judged(runs).row("MEASURE 2.1").state is State.FAILED
    row = judged(runs[:2]).row("MEASURE 2.1")
    assert row.state is State.FRESH
    assert row.history == "evaluation-run: 2 runs, 1 failed, last pass"


def test_one_broken_item_is_an_exception_of_the_whole() -> None:
    hidden = item("evaluation-run", id="old", intact=False, version="v1", received=NOW - timedelta(days=300))
    found = judged([*EVERYTHING, hidden])
    assert found.row("MEASURE 2.1").state is State.INVALID
    assert not found.intact
    assert found.notices[0].startswith("Integrity exceptions present")
    exempt = [NotApplicable("MEASURE 2.1", "Not ours", "p-boss", NOW + timedelta(days=1))]
    assert judged([*EVERYTHING, hidden], not_applicable=exempt).row("MEASURE 2.1").state is State.INVALID


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"by_submitter": True}, State.MISSING),
        ({"expires": NOW - timedelta(seconds=1)}, State.STALE),
        ({"attested": NOW - timedelta(days=181)}, State.STALE),
        ({"role_ended": NOW - timedelta(days=31)}, State.STALE),
        ({"role_ended": NOW - timedelta(days=29)}, State.ATTESTED),
        ({"scope": "version", "version": "v1"}, State.STALE),
        ({"scope": "version", "version": "v2"}, State.ATTESTED),
        ({"intact": False}, State.INVALID),
        ({"rows": frozenset({"MAP 1.4"})}, State.MISSING),
        ({"received": NOW + timedelta(seconds=1)}, State.MISSING),
    ],
)
def test_an_attestation_counts_only_while_it_holds(values: dict[str, Any], state: State) -> None:
    assert judged(said=[attestation(**values)]).row("MAP 1.3").state is state


def test_an_empty_card_field_is_named() -> None:
    evidence = [item("card", filled=CARD - {"residual_risk"}) if e.type == "card" else e for e in EVERYTHING]
    row = judged(evidence).row("MANAGE 1.4")
    assert row.state is State.PART
    assert row.words == "Part: Model card card-1: empty: residual_risk."


def test_a_report_of_a_past_day_sees_only_that_day() -> None:
    before = judged(at=NOW - timedelta(seconds=1))
    assert before.met == Share(0, 68)


def test_rows_outside_never_get_a_colour() -> None:
    for found in (judged(), judged([], [])):
        assert {row.state for row in found.rows if row.row.cls is RowClass.OUTSIDE} == {State.OUTSIDE}
    assert State.OUTSIDE not in COVERED


def test_the_functions_add_up() -> None:
    found = judged(said=[])
    total: Counter[State] = sum((Counter(counts) for counts in found.by_function.values()), Counter())
    assert total == found.counts
    assert sum(total.values()) == 72
    assert set(SYMBOLS) == set(State)


def test_what_the_pack_does_not_know_is_an_error_not_a_blank() -> None:
    with pytest.raises(ValueError, match="no evidence type horoscope"):
        assess(PACK, [item("card", type="horoscope")], at=NOW, tier="high", version="v2")
    with pytest.raises(ValueError, match="no maximum ages for the tier 'gold'"):
        judged(tier="gold")
    with pytest.raises(ValueError, match="zone"):
        judged(at=NOW.replace(tzinfo=None))
