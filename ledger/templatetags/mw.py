"""Template tags every page uses: tags for states and verdicts, short digests, times with their zone.

They know words and symbols, nothing of the rows behind them. Colour is never the only sign: a tone always
comes with its own symbol and a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

register = template.Library()

NAVIGATION: Final = (
    ("Inbox", "governance:inbox"),
    ("Inventory", "registry:inventory"),
    ("Findings", "governance:findings"),
    ("Validations", "governance:validations"),
    ("Warrants", "governance:warrants"),
    ("Monitoring", "monitoring:monitors"),
    ("Search", "governance:search"),
)
"""Title and address name. An address that isn't there yet isn't shown. Seven fit beside the name at 1,280 pixels."""
MORE: Final = (
    ("Breaches", "monitoring:breaches"),
    ("Incidents", "monitoring:incidents"),
    ("Policies", "governance:policies"),
    ("Reports", "governance:reports"),
    ("Ledger", "governance:ledger"),
)
"""What is one step further away, under "More"."""


class Look(NamedTuple):
    tone: str
    symbol: str


OK, FAIL, WARN, INFO, MUTED = (
    Look("ok", "✓"),
    Look("fail", "✕"),
    Look("warn", "!"),
    Look("info", "→"),
    Look("muted", "-"),
)

WORDS: Final = {"in-use-not-warranted": "in use, not warranted"}
"""Words that a hyphen doesn't stand between alike."""

LOOKS: Final[dict[str, Look]] = {
    # verdicts
    "pass": OK,
    "fail": FAIL,
    "inconclusive": Look("warn", "?"),
    "error": Look("fail", "!"),
    "accepted": Look("warn", "?"),
    # requirements of a policy
    "met": OK,
    "failed": FAIL,
    # decisions
    "approve": OK,
    "reject": FAIL,
    "request-changes": WARN,
    # warrants before they are signed, waivers, acceptances
    "granted": Look("info", "…"),
    "issued": OK,
    "lapsed": Look("fail", "◷"),
    # gates and the gate question
    "ok": OK,
    "refused": FAIL,
    "pending": Look("warn", "…"),
    # versions
    "draft": Look("muted", "✎"),
    "validation": INFO,
    "review": INFO,
    "approved": OK,
    "restricted": WARN,
    "suspended": Look("fail", "‖"),
    "rejected": FAIL,
    "withdrawn": MUTED,
    "retired": MUTED,
    "in-use-not-warranted": WARN,
    # deployments
    "requested": Look("info", "…"),
    "warranted": OK,
    "shadow": INFO,
    "canary": INFO,
    "live": Look("ok", "▶"),
    "rolled-back": WARN,
    "superseded": MUTED,
    "ended": MUTED,
    # warrants
    "active": OK,
    "due": Look("warn", "◷"),
    "grace": Look("warn", "◔"),
    "void": Look("fail", "⊘"),
    # conditions of approvals, drills
    "overdue": Look("fail", "◷"),
    "never": Look("warn", "○"),
    "changed": WARN,
    "planned": INFO,
    "performed": OK,
    "cancelled": MUTED,
    "worked": OK,
    "tried": OK,
    # runs, reports, uploads
    "running": Look("info", "▸"),
    "done": OK,
    "interrupted": WARN,
    # monitors, their batches and baselines
    "paused": Look("warn", "‖"),
    "received": Look("info", "…"),
    "checked": OK,
    "learnt": OK,
    # policies, waivers, grants, keys, incidents
    "in-force": OK,
    "revoked": Look("fail", "⊘"),
    "expired": Look("warn", "◷"),
    "open": Look("warn", "○"),
    "closed": Look("muted", "●"),
    "complete": OK,
    "aborted": MUTED,
    # tierings, imports
    "proposed": INFO,
    "confirmed": OK,
    "returned": WARN,
    "discarded": MUTED,
    "not-a-model": MUTED,
    # signatures
    "valid": OK,
    "invalid": Look("fail", "‼"),
    "cannot-be-checked": Look("warn", "?"),
    # rows of a framework (governance.frameworks.states)
    "fresh": Look("ok", "●"),
    "fresh-failed": FAIL,
    "stale": Look("warn", "◐"),
    "attested": Look("info", "◇"),
    "missing": Look("muted", "○"),
    "insufficient": Look("warn", "?"),
    "not-applicable": MUTED,
    "outside": Look("muted", "□"),
    # tiers
    "low": Look("muted", "1"),
    "medium": Look("info", "2"),
    "high": Look("warn", "3"),
    # findings, beside the tiers' words, and validations
    "critical": Look("fail", "4"),
    "responded": INFO,
    "disputed": WARN,
    "remediation": INFO,
    "remediated": INFO,
    "risk-accepted": Look("warn", "?"),
    "assigned": INFO,
    "fieldwork": Look("info", "▸"),
    "response": Look("info", "…"),
    "resolved": MUTED,
    "fit": OK,
    "fit-with-findings": WARN,
    "not-fit": FAIL,
}


_LONG_FIGURE: Final = re.compile(r"-?\d+\.\d{5,}")
_WHOLE_FIGURE: Final = re.compile(r"(?<![\d.])(-?\d+)\.0(?![\d.])")
_SHORT_FIGURE: Final = re.compile(r"-?\d+(?:\.\d{1,4})?(?![\d.])")


@register.filter
def figures(text: str) -> str:
    """`{{ why|figures }}`: numbers with five and more decimals at four significant digits, whole ones without
    their ".0", for reading only.

    What is stored and compared stays exact; a figure so near its bound that rounding would hide the difference
    keeps its digits.
    """

    bounds = {float(number) for number in _SHORT_FIGURE.findall(str(text))}

    def shorter(found: re.Match[str]) -> str:
        short = f"{float(found[0]):.4g}"
        return found[0] if float(short) in bounds else short

    return _WHOLE_FIGURE.sub(r"\1", _LONG_FIGURE.sub(shorter, str(text)))


@register.filter
def words(code: str) -> str:
    """`{{ move|words }}`: a code as words: `ask-response` is read "ask response"."""
    return str(code).replace("-", " ")


@register.filter
def count(value: int) -> str:
    """`{{ n|count }}`: a whole number with its thousands apart."""
    return f"{value:,}"


@register.inclusion_tag("components/tag.html")
def tag(state: object, title: str = "") -> dict[str, str]:
    """`{% tag row.state %}` or `{% tag row.state title %}`: a state or verdict as symbol and word.

    A word the table doesn't know is shown plainly, never as good.
    """
    name = str(state or "none")
    look = LOOKS.get(name, Look("muted", "·"))
    return {
        "tone": look.tone,
        "symbol": look.symbol,
        "word": title or WORDS.get(name) or name.replace("-", " "),
    }


def short(value: str) -> str:
    """`sha256:0123456789ab…` of a digest or key id; shorter values as they are."""
    scheme, colon, body = value.rpartition(":")
    return f"{scheme}{colon}{body[:12]}…" if len(body) > 16 else value


@register.inclusion_tag("components/digest.html")
def digest(value: str | None) -> dict[str, str]:
    """`{% digest value %}`: the digest shortened, whole in its title and behind a copy button."""
    full = value or ""
    return {"full": full, "short": short(full)}


@register.filter
def moment(value: datetime | str | None) -> str | SafeString:
    """`{{ at|moment }}`: `21 Nov 2026, 01:20:02 UTC` in the reader's zone; text is read as ISO 8601."""
    if not value:
        return "never"
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
    else:
        at = value
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    local = at.astimezone(get_current_timezone())
    return format_html(
        '<time datetime="{}">{} {}</time>',
        at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        f"{local.day} {local:%b %Y, %H:%M:%S}",
        local.tzname() or f"{local:%z}",
    )


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation(context: template.Context) -> dict[str, Any]:
    """The main menu; the page one is on, and the part it belongs to, are marked for screen readers too."""
    request = context.get("request")
    path = request.path if request is not None else ""
    more = _menu(MORE, path)
    return {"items": _menu(NAVIGATION, path), "more": more, "inside": any(item["current"] for item in more)}


def _menu(entries: Iterable[tuple[str, str]], path: str) -> list[dict[str, str]]:
    items = []
    for title, name in entries:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = "page" if path == url else "true" if url != "/" and path.startswith(url) else ""
        items.append({"title": title, "url": url, "current": current})
    return items
