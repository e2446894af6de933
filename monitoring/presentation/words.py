"""Figures, bounds and what would change a verdict, in words for a reader who is no statistician.

Pure. Reads results as an outcome stores them (plain JSON values); nothing here judges again: what a sentence says
follows from the stored verdict and figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

MOST_CHARACTERS = 400
"""Of a text from data or settings; what is longer ends in a sign."""
VERDICTS: Final = ("error", "fail", "inconclusive", "pass")
_BOUNDS: Final = {
    ">=": "at least {}", ">": "more than {}", "<=": "at most {}", "<": "less than {}",
    "abs<=": "within {} of 0", "abs<": "closer than {} to 0",
}  # fmt: skip
_BARE_UNITS: Final = frozenset(
    {"", "share", "area", "ratio", "index", "statistic", "slope", "kappa", "measure's unit"}
)
_UNITS: Final = {
    "sd": "sd",
    "label's unit": "of the label's unit",
    "cost's unit": "of the costs' unit",
    "score's unit": "of the score's unit",
}
_COUNTED: Final = {"baseline_shift": "days"}
"""What n counts where it isn't rows."""


def clip(text: object, most: int = MOST_CHARACTERS) -> str:
    """The text, cut visibly at `most` characters."""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def figure(value: float | None, *near: float | None) -> str:
    """At most four significant digits; all of them where rounding would put the figure on or beyond one that is `near`."""
    if value is None or not math.isfinite(value):
        return "undefined"
    short = f"{value:.4g}"
    if abs(value) >= 1e4 or value == int(value):
        short = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    read = float(short.replace(",", ""))
    for other in near:
        if other is not None and (read > other) - (read < other) != (value > other) - (value < other):
            return repr(value)
    return short


def interval(result: Mapping[str, Any]) -> str:
    """`0.71 to 0.74`, or why there is none."""
    low, high = result["low"], result["high"]
    if low is None and high is None:
        return "counted" if is_counted(result) else "none"
    edges = _edges(result["threshold"])
    return f"{_end(low, 'no lower end', edges)} to {_end(high, 'no upper end', edges)}"


def kind_of_interval(result: Mapping[str, Any]) -> str:
    """Ours hold at 95 %; at which level those of other tools do, nobody told us."""
    return "interval as imported" if str(result["method"]).startswith("imported") else "95 % interval"


def is_counted(result: Mapping[str, Any]) -> bool:
    """Whether a figure was counted in the data at hand, not estimated from them."""
    return str(result["method"]).startswith("counted")


def _end(value: float | None, absent: str, edges: Iterable[float]) -> str:
    return absent if value is None else figure(value, *edges)


def _edges(threshold: Mapping[str, Any] | None) -> tuple[float, ...]:
    return () if threshold is None else (threshold["bound"], -threshold["bound"])


def value_of(result: Mapping[str, Any]) -> str:
    """The figure as it is shown beside its bound."""
    return figure(result["value"], *_edges(result["threshold"]))


def unit(name: str) -> str:
    """The unit as it follows a figure; nothing where the figure says it all."""
    return "" if name in _BARE_UNITS else _UNITS.get(name, clip(name, 40))


def where(slice_: Mapping[str, str]) -> str:
    """Which rows a result is about."""
    if "by" in slice_:
        return f"groups of {clip(slice_['by'], 80)} compared"
    return ", ".join(f"{clip(name, 60)}: {clip(value, 60)}" for name, value in slice_.items())


def bound(threshold: Mapping[str, Any] | None) -> str:
    """`at least 0.8`."""
    if threshold is None:
        return ""
    words = _BOUNDS[threshold["op"]].format(f"{threshold['bound']:.12g}")
    least = f", on {threshold['minimum_n']:,} rows or more" if threshold["minimum_n"] else ""
    return f"{words}{least}"


def rule(result: Mapping[str, Any]) -> str:
    """The bound of a result, or the check's own rule where that is no single bound."""
    threshold = result["threshold"]
    if threshold is None:
        return "the check's own rule" if result["verdict"] else ""
    if (allowed := tolerance(result)) is not None:
        return f"a shift beyond {figure(allowed)} is excluded; fails on a certain one of {figure(threshold['bound'])} or more"
    return bound(threshold)


def tolerance(result: Mapping[str, Any]) -> float | None:
    """What drift's own rule passes, where no threshold stands in for it; the stored threshold is then its floor."""
    allowed: float | None = result["details"].get("tolerance")
    return allowed


def beyond(threshold: Mapping[str, Any], value: float) -> float:
    """How far a value lies outside its bound; negative inside."""
    edge: float = threshold["bound"]
    if threshold["op"].startswith(">"):
        return edge - value
    return (abs(value) if threshold["op"].startswith("abs") else value) - edge


def counted(result: Mapping[str, Any], things: str = "rows") -> str:
    """What n counts."""
    return _COUNTED.get(result["metric"], things)


def changes(result: Mapping[str, Any], things: str = "rows", least: int = 0) -> str:
    """What would change the verdict: how much it misses or has to spare, or how many more `things` would decide.

    Fewer than `least` things decide nothing, whatever the figure.
    """
    verdict, threshold = result["verdict"], result["threshold"]
    if (own := counted(result, things)) != things:
        things, least = own, 0
    if verdict == "error":
        return "Mend what the reason names and run the check again."
    if verdict == "inconclusive":
        return _deciding(result, things, least)
    if threshold is None or result["value"] is None or verdict not in ("pass", "fail"):
        return ""
    measure = unit(result["unit"])
    if tolerance(result) is not None:
        return _by_own_rule(result, measure)
    far = beyond(threshold, result["value"])
    if (verdict == "fail") != (far > 0):
        # Strict bounds, several comparisons behind one figure: the reason says it better than a distance.
        return ""
    if verdict == "fail":
        certain = "" if is_counted(result) else ", and certain enough"
        return f"It misses the bound by {_amount(far, measure)}: it would have to be {bound(threshold)}{certain}."
    if far == 0:
        return "It lies exactly at the bound."
    nearest = _nearest(threshold, result["details"])
    if nearest is None:
        return f"The figure itself has {_amount(-far, measure)} to spare."
    return f"It has {_amount(-beyond(threshold, nearest), measure)} to spare, chance allowed for ({figure(nearest)})."


def _by_own_rule(result: Mapping[str, Any], measure: str) -> str:
    allowed, floor, high = tolerance(result), result["threshold"]["bound"], result["details"].get("own_high")
    if result["verdict"] == "fail":
        return (
            f"It is {_amount(result['value'] - floor, measure)} over what counts as a shift ({figure(floor)}); to pass, a shift "
            f"beyond {figure(allowed)} would have to be excluded."
        )
    if high is None or allowed is None:
        return ""
    return f"It has {_amount(allowed - high, measure)} to spare, chance allowed for (at most {figure(high)})."


def _amount(far: float, measure: str) -> str:
    return f"{figure(abs(far))} {measure}".strip()


def _nearest(threshold: Mapping[str, Any], details: Mapping[str, Any]) -> float | None:
    """The end of the figure's own bounds that lies nearest to the threshold."""
    ends = [end for end in (details.get("own_low"), details.get("own_high")) if end is not None]
    return max(ends, key=lambda end: beyond(threshold, end)) if ends else None


def _deciding(result: Mapping[str, Any], things: str, least: int) -> str:
    n, threshold, details = result["n"], result["threshold"], result["details"]
    if result["value"] is None:
        return "It has to be measured first; the reason says what is missing."
    if threshold is not None:
        least = max(least, threshold["minimum_n"])
        nearest = _nearest(threshold, details) if tolerance(result) is None else None
        if n >= least and nearest is not None and beyond(threshold, nearest) <= 0:
            return f"More {things} would not change it: the figure is good enough, and something else holds it back."
    needed = max(details.get("rows_needed") or 0, least)
    if needed > n:
        kept = ", if the figure stays where it is" if details.get("rows_needed") else " at the least"
        return f"About {needed:,} {things} in all ({needed - n:,} more) would decide{kept}."
    return f"No number of {things} can be named that would decide; the reason says what is missing."
