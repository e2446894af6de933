"""Labels map openly or not at all (attack case DT-05); groups are normalised with a warning."""

from __future__ import annotations

import pytest

from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.labels import MISSING_GROUP, binary, groups
from monitoring.statistics.tables import table_from_values


def _binary(values, **columns):
    warnings: list[str] = []
    coded = binary(table_from_values({"y": values}), Columns(label="y", **columns), warnings=warnings)[
        "label"
    ]
    return coded, warnings


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([1, 0, 1], None, [1, 0, 1]),
        ([1.0, 0.0], None, [1, 0]),
        ([True, False], None, [1, 0]),
        (["Yes", " no "], None, [1, 0]),
        ([1, -1], None, [1, 0]),
        (["<=50K", ">50K"], None, [0, 1]),
        ([1, 2], None, [1, 0]),
        ([1, 2], "2", [0, 1]),
        ([1, 2], "2.0", [0, 1]),
        ([0, 1], "0", [1, 0]),
        (["good", "bad"], "good", [1, 0]),
    ],
)
def test_two_values_become_1_and_0(values, positive, expected):
    assert _binary(values, positive=positive)[0].values.tolist() == expected


def test_a_guess_names_the_value_it_took():
    coded, warnings = _binary(["<=50K", ">50K"])
    assert coded.positive == ">50K"
    assert any("'>50K' was taken as the positive value" in warning for warning in warnings)


def test_mixed_spellings_map_with_a_warning_and_unknowns_are_counted():
    """DT-05: labels as 1, 1.0, True, yes and blank in one column."""
    coded, warnings = _binary(["1", "1.0", "True", "yes", " yes ", "0", "unknown", ""])
    assert coded.values.tolist() == [1, 1, 1, 1, 1, 0, -1, -1]
    assert coded.unknown == 2
    assert any("mixes ways" in w for w in warnings)
    assert any("2 of 8 values" in w for w in warnings)


@pytest.mark.parametrize(
    ("values", "columns", "code"),
    [
        (["a", "b", "c"], {}, "not-binary"),
        ([0, 1, 2], {}, "not-binary"),
        (["yes", "no", "maybe"], {"positive": "yes"}, "not-binary"),
        (["a", "b"], {"positive": "z"}, "positive"),
        (["approve", "approve"], {"mapping": {"deny": 0}}, "not-binary"),
        (["granted", "granted"], {}, "one-value"),
    ],
)
def test_what_is_not_two_classes_is_refused(values, columns, code):
    """DT-05."""
    with pytest.raises(BadInput) as caught:
        _binary(values, **columns)
    assert caught.value.code == code


def test_an_explicit_mapping_decides():
    coded, _ = _binary(["A", "B", "C"], mapping={"a": 1, "b": 0, "c": 0})
    assert coded.values.tolist() == [1, 0, 0]


def _groups(values, written="g", limit=50):
    warnings: list[str] = []
    found = groups(table_from_values({"g": values}), written, limits=Limits(groups=limit), warnings=warnings)
    return found, warnings


def test_groups_are_normalised_with_a_warning_and_missing_is_a_group():
    found, warnings = _groups(["Female", "female ", "Fe\uff4dale", "Male", None, " "])
    assert found.names == ("Female", "Male", MISSING_GROUP)
    assert found.codes.tolist() == [0, 0, 0, 1, 2, 2]
    assert any("one group" in w for w in warnings)
    assert any("2 of 6" in w for w in warnings)


def test_groups_that_look_alike_block():
    with pytest.raises(BadInput) as caught:
        _groups(["Male", "M\u0430le"])
    assert caught.value.code == "confusable-groups"


def test_a_numeric_attribute_is_cut_by_a_tiny_grammar():
    found, _ = _groups([20, 25, 26, None], "g<=25")
    assert (found.names, found.codes.tolist()) == (("<=25", ">25", MISSING_GROUP), [0, 0, 1, 2])
    for written in ("g<=25 or True", "__import__('os')<=1", "g==25", "g<=x"):
        with pytest.raises(BadInput):
            _groups([20, 30], written)


def test_too_many_groups_are_refused_with_a_hint():
    with pytest.raises(BadInput, match="Cut it in two"):
        _groups(list(range(60)))
