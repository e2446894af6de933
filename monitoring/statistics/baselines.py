"""What days of production are like when nothing is wrong: learnt from some of them, asked of later ones.

A day's data are not a fresh sample of one law: weekends differ, and every day is a little unlike the others. Whoever tests a
day as if its rows were independent alarms on that. So each contrast of each column is taken day by day; its level (for each
weekday, where an F test says that weekdays differ), its spread from day to day beyond the sampling error (method of moments,
DerSimonian and Laird 1986) and its persistence from one day to the next are learnt, and a later window is held against
what they let expect (Student's t with the degrees of freedom that the days leave). Knows no verdict, file or clock.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from monitoring.statistics.contrasts import Contrast, normal_scores
from monitoring.statistics.features import tally
from monitoring.statistics.profiles import ColumnProfile, Numbers, Profile, Texts

VERSION = 1
LEAST_DAYS = 14
"""Fewer days teach neither weekdays nor how days differ."""
WEEKDAY_LEVEL = 0.05
LEAST_EXPECTED = 5
"""A category expected less often in a day is no contrast of its own."""
_SHAPES = {3: "skew", 4: "tails"}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Day:
    """One day's data, or those of another unit of time, counted on the reference's edges."""

    date: dt.date
    profile: Profile


@dataclass(frozen=True, slots=True)
class Level:
    """What one contrast of one column does by itself, in sd of the reference.

    `means` holds seven levels (Monday first) or one; `between` is the variance of days beyond their sampling error, `within`
    the learnt days' mean sampling variance; `persistence` the correlation of a day with the next.
    """

    means: tuple[float, ...]
    days: tuple[int, ...]
    between: float
    within: float
    freedom: int
    persistence: float

    @property
    def by_weekday(self) -> bool:
        return len(self.means) == 7

    @property
    def level(self) -> float:
        """Mean over the weekdays."""
        return float(np.mean(self.means))

    @property
    def level_error(self) -> float:
        """Standard error of `level`."""
        days = sum(self.days)
        return math.sqrt((self.within + self.between * _inflation(self.persistence, days)) / days)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Levels by column and contrast. `first` and `last` are the ends of the learnt days."""

    columns: Mapping[str, Mapping[str, Level]]
    first: dt.date
    last: dt.date
    days: int

    def json(self) -> str:
        """The only text there is for it: sorted keys, shortest floats that read back the same."""
        value = {
            "version": VERSION,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "days": self.days,
            "columns": {
                name: {contrast: asdict(level) for contrast, level in levels.items()}
                for name, levels in self.columns.items()
            },
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read(text: str) -> Baseline:
    """A baseline from its text. ValueError for any other text than `json` writes."""
    try:
        value = json.loads(text)
        columns = {
            name: {contrast: _level(said) for contrast, said in levels.items()}
            for name, levels in value["columns"].items()
        }
        first, last = (dt.date.fromisoformat(value[end]) for end in ("first", "last"))
        found = Baseline(columns, first, last, int(value["days"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a baseline: {error}") from error
    if found.json() != text:
        raise ValueError("not a baseline in its only form")
    return found


def _level(said: Mapping[str, Any]) -> Level:
    return Level(**{**said, "means": tuple(said["means"]), "days": tuple(said["days"])})


def learn(days: Sequence[Day], reference: Profile, *, frequent: int) -> Baseline:
    """What `days` (at least LEAST_DAYS, one profile for each date) show of every column of the reference.

    `frequent` is how many categories of a text column are followed one by one. Raises ValueError for fewer days.
    """
    if len(days) < LEAST_DAYS:
        raise ValueError(f"{len(days)} days; at least {LEAST_DAYS} are needed for a baseline")
    ordered = sorted(days, key=lambda day: day.date)
    columns: dict[str, dict[str, Level]] = {}
    for name in reference.names:
        found: dict[str, list[tuple[dt.date, float, float]]] = {}
        for day in ordered:
            if name not in day.profile.columns:
                continue
            for contrast, (effect, variance) in day_effects(
                reference[name], day.profile[name], frequent
            ).items():
                found.setdefault(contrast, []).append((day.date, effect, variance))
        columns[name] = {
            contrast: _learnt(seen) for contrast, seen in found.items() if len(seen) >= LEAST_DAYS
        }
    return Baseline(columns, ordered[0].date, ordered[-1].date, len(ordered))


def _learnt(seen: Sequence[tuple[dt.date, float, float]]) -> Level:
    weekdays = np.array([date.weekday() for date, _, _ in seen])
    effects = np.array([effect for _, effect, _ in seen])
    within = float(np.mean([variance for _, _, variance in seen]))
    tally = np.bincount(weekdays, minlength=7)
    weekly = bool((tally >= 2).all()) and _weekdays_differ(effects, weekdays)
    if weekly:
        means = np.array([effects[weekdays == day].mean() for day in range(7)])
        left, days = effects - means[weekdays], tuple(tally.tolist())
    else:
        means = np.array([effects.mean()])
        left, days = effects - means[0], (len(effects),)
    freedom = len(effects) - len(means)
    between = max(0.0, float((left**2).sum()) / freedom - within)
    return Level(tuple(means.tolist()), days, between, within, freedom, _persistence(seen, left))


def _weekdays_differ(effects: Floats, weekdays: NDArray[np.int64]) -> bool:
    groups = [effects[weekdays == day] for day in range(7)]
    if all(np.ptp(group) == 0 for group in groups):
        return bool(np.ptp(effects) > 0)
    return bool(stats.f_oneway(*groups).pvalue < WEEKDAY_LEVEL)


def _persistence(seen: Sequence[tuple[dt.date, float, float]], left: Floats) -> float:
    """Correlation of what is left of a day with the next day's, 0 where it is negative."""
    follow = [place for place in range(1, len(seen)) if (seen[place][0] - seen[place - 1][0]).days == 1]
    total = float((left**2).sum())
    if len(follow) < LEAST_DAYS - 1 or total == 0:
        return 0.0
    found = sum(float(left[place] * left[place - 1]) for place in follow) / total * len(left) / len(follow)
    return min(0.95, max(0.0, found))


def _inflation(persistence: float, days: int) -> float:
    """How much more the mean of `days` consecutive days varies than that of as many unconnected ones."""
    return 1 + 2 * sum((1 - gap / days) * persistence**gap for gap in range(1, days))


def window_contrasts(
    reference: ColumnProfile,
    days: Sequence[tuple[dt.date, ColumnProfile]],
    levels: Mapping[str, Level],
    *,
    frequent: int,
    suffix: str = "",
) -> list[Contrast]:
    """How far a window of days is from what the baseline lets expect: one contrast for each learnt level.

    What was never seen in the learnt days and is now (a first missing value, a new category) is held against nought.
    """
    taken = [(date, day_effects(reference, column, frequent)) for date, column in days]
    found = []
    for name in dict.fromkeys([*levels, *(contrast for _, effects in taken for contrast in effects)]):
        seen = [(date, *effects[name]) for date, effects in taken if name in effects]
        if not seen:
            continue
        level = levels.get(name)
        if level is None:
            if name not in ("missing share", "other categories"):
                continue
            level = Level((0.0,), (1,), 0.0, 0.0, 10**6, 0.0)
        found.append(_contrast(f"{name}{suffix}", seen, level))
    return found


def _contrast(name: str, seen: Sequence[tuple[dt.date, float, float]], level: Level) -> Contrast:
    weights = np.array([1 / (variance + level.between) for _, _, variance in seen])
    weights /= weights.sum()
    places = [date.weekday() if level.by_weekday else 0 for date, _, _ in seen]
    effect = sum(
        float(weight) * (value - level.means[place])
        for weight, (_, value, _), place in zip(weights, seen, places, strict=True)
    )
    sampling = sum(
        float(weight**2) * variance for weight, (_, _, variance) in zip(weights, seen, strict=True)
    )
    between = level.between * float((weights**2).sum()) * _inflation(level.persistence, len(seen))
    learnt = level.within + level.between * _inflation(level.persistence, max(level.days))
    shares: dict[int, float] = {}
    for weight, place in zip(weights, places, strict=True):
        shares[place] = shares.get(place, 0.0) + float(weight)
    own = sum(share**2 * learnt / level.days[place] for place, share in shares.items())
    error = math.sqrt(sampling + between + own)
    return Contrast(
        name, effect, error, float(2 * stats.t.sf(abs(effect) / error, level.freedom)), level.freedom
    )


def day_effects(
    reference: ColumnProfile, current: ColumnProfile, frequent: int
) -> dict[str, tuple[float, float]]:
    """Contrast -> (effect against the reference in sd, sampling variance) of one day's column; none without rows.

    The reference counts as known here: its error is the same on every day, and the learnt level takes it in.
    """
    if not current.rows or not reference.rows:
        return {}
    found = {}
    absent = [side.apart.missing + side.apart.infinite for side in (reference, current)]
    if any(absent):
        found["missing share"] = _share(absent[0], reference.rows, absent[1], current.rows)
    if isinstance(reference, Numbers) and isinstance(current, Numbers):
        if not reference.constant:
            return found | (_number_effects(reference, current) if current.n else {})
        # One value tells no spread: what is under, at and over it are three categories.
        constant = reference
        reference, current = _as_categories(constant, constant), _as_categories(current, constant)
    if isinstance(reference, Texts) and isinstance(current, Texts) and current.counts and reference.counts:
        found |= _text_effects(reference, current, frequent)
    return found


def _as_categories(column: Numbers, constant: Numbers) -> Texts:
    return Texts(tally(column, constant) or {}, column.n, column.apart)


def _number_effects(reference: Numbers, current: Numbers) -> dict[str, tuple[float, float]]:
    """Location and scale on normal scores; the shape by orthogonal polynomials of ranks (Neyman's smooth test)."""
    counts, n = reference.counts, reference.n
    scores = normal_scores(counts)
    middle = int(np.searchsorted(counts.cumsum(), n / 2))
    ranks = special.ndtr(scores) * 2 - 1
    functions = {"location": scores, "scale": np.abs(scores - scores[middle])}
    functions |= {name: special.eval_legendre(degree, ranks) for degree, name in _SHAPES.items()}
    found = {}
    for name, values in functions.items():
        mean = float((values * counts).sum()) / n
        spread = math.sqrt(float((counts * (values - mean) ** 2).sum()) / n)
        if spread < 1e-9:
            continue
        standard = (values - mean) / spread
        effect = float((standard * current.counts).sum()) / current.n
        variance = float((current.counts * (standard - effect) ** 2).sum()) / current.n
        # A day without spread says little about its own error; a tenth of the reference's stands in.
        found[name] = effect, max(variance, 0.1) / current.n
    return found


def _text_effects(reference: Texts, current: Texts, frequent: int) -> dict[str, tuple[float, float]]:
    order = sorted(reference.counts, key=lambda value: (-reference.counts[value], value))[:frequent]
    followed = [v for v in order if reference.counts[v] / reference.n * current.n >= LEAST_EXPECTED]
    found = {
        f"share of {value!r}": _share(
            reference.counts[value], reference.n, current.counts.get(value, 0), current.n
        )
        for value in followed
    }
    rest = [side.n - sum(side.counts.get(value, 0) for value in followed) for side in (reference, current)]
    if any(rest):
        found["other categories"] = _share(rest[0], reference.n, rest[1], current.n)
    return found


def _share(k_reference: int, n_reference: int, k: int, n: int) -> tuple[float, float]:
    """Cohen's h and its variance, as in `contrasts.of_shares`."""
    h = 2 * math.asin(math.sqrt(k / n)) - 2 * math.asin(math.sqrt(k_reference / n_reference))
    return h, 1 / n
