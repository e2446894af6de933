"""What a reader is shown: words beside symbols, nothing unknown as good, text never as markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from ledger.templatetags import mw

ROOT = Path(__file__).resolve().parents[2]


def rendered(source: str, **context: object) -> str:
    return Template("{% load mw %}" + source).render(Context(context))


def test_a_tag_carries_symbol_and_word() -> None:
    html = rendered("{% tag state %}", state="cannot-be-checked")
    assert "tag--warn" in html
    assert "?" in html
    assert "cannot be checked" in html


@pytest.mark.parametrize("state", ["passed?", "", None, "APPROVED", "nan"])
def test_a_word_nobody_knows_is_never_shown_as_good(state: str | None) -> None:
    assert "tag--ok" not in rendered("{% tag state %}", state=state)


def test_only_pass_among_the_verdicts_is_good() -> None:
    good = [
        verdict for verdict in ("pass", "fail", "inconclusive", "error") if mw.LOOKS[verdict].tone == "ok"
    ]
    assert good == ["pass"]


def test_a_digest_is_short_on_the_page_and_whole_behind_it() -> None:
    full = "sha256:" + "ab" * 32
    html = rendered("{% digest value %}", value=full)
    assert f'data-copy="{full}"' in html
    assert ">sha256:abababababab…<" in html
    assert "none" in rendered("{% digest value %}", value=None)


def test_hostile_text_stays_text() -> None:
    assert "<b>" not in rendered("{% tag state %}{% digest state %}{{ state|moment }}", state="<b>x</b>" * 5)


def test_times_carry_their_zone(settings: object) -> None:
    at = datetime(2026, 11, 21, 3, 20, 2, tzinfo=timezone(timedelta(hours=2)))
    html = rendered("{{ at|moment }}", at=at)
    assert 'datetime="2026-11-21T01:20:02Z"' in html
    assert "UTC" in html
    assert rendered("{{ at|moment }}", at=at.astimezone(UTC).isoformat()) == html
    assert rendered("{{ at|moment }}", at=None) == "never"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 500, 503])
def test_an_error_page_needs_nothing_but_its_template(status: int) -> None:
    """No request, no database, no static manifest: these may be what broke."""
    html = render_to_string(
        f"errors/{status}.html", {"reasons": [{"text": "<i>why</i>"}], "reference": "r-1"}
    )
    assert html.count("<h1>") == 1
    assert "&lt;i&gt;why" in html
    assert "r-1" in html


def test_no_template_carries_inline_style_or_script() -> None:
    """The content security policy would refuse them; found here before a browser does."""
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text().lower()
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert "javascript:" not in text, path
        assert " onclick=" not in text, path
        assert "<script>" not in text, path


def test_figures_are_short_to_read_and_exact_at_their_bound() -> None:
    assert mw.figures("0.5610859728506787 misses accuracy >= 0.65") == "0.5611 misses accuracy >= 0.65"
    assert mw.figures("0.7999999999 misses >= 0.8") == "0.7999999999 misses >= 0.8"
    assert mw.figures("300.0 meets rows >= 1.0 rows, not 1.05") == "300 meets rows >= 1 rows, not 1.05"
    assert mw.figures("221 rows, 1.25, -0.0130378096") == "221 rows, 1.25, -0.01304"
