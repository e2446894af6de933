"""`manage.py try_check`: published figures, one JSON document, bad input named."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.conftest import ROOT, SHARED

DATA = SHARED / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the checkout")


def _json(capsys, *arguments):
    call_command("try_check", *map(str, arguments), "--json")
    return json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))


def _value(document, metric, **where):
    return next(r["value"] for r in document["results"] if r["metric"] == metric and r["slice"] == where)


@needs_data
def test_adult_as_published(capsys):
    income = "income-per-year"
    found = _json(
        capsys,
        "fairness",
        "--current",
        DATA / "adult.csv",
        "--prediction",
        income,
        "--sensitive",
        "sex",
    )
    assert round(_value(found, "selection_rate", sex="Female"), 6) == 0.109461
    assert round(_value(found, "selection_rate", sex="Male"), 6) == 0.305737
    assert found["inputs"]["positive"] == ">50K"
    assert found["verdict"] == "fail"


@needs_data
def test_german_as_published(capsys):
    found = _json(
        capsys,
        "fairness",
        "--current",
        DATA / "german.csv",
        "--prediction",
        "credit",
        "--sensitive",
        "age<=25",
    )
    assert round(_value(found, "selection_rate_difference", age="<=25"), 6) == -0.149448


def test_one_document_on_stdout_whatever_the_verdict_and_the_threads(tmp_path):
    path = tmp_path / "hiring.csv"
    rows = [("Male", 1)] * 50 + [("Male", 0)] * 42 + [("Female", 1)] * 34 + [("Female", 0)] * 42
    path.write_text("sex,selected\n" + "".join(f"{sex},{chosen}\n" for sex, chosen in rows))
    digests = set()
    for threads in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "manage.py", "try_check", "fairness", "--current", path, "--prediction", "selected",
             "--sensitive", "sex", "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        document = json.loads(answer.stdout)
        digests.add(document["digest"])
    assert len(digests) == 1
    assert round(_value(document, "impact_ratio", sex="Female"), 2) == 0.82
    assert _value(document, "impact_ratio", sex="Male") == 1
    assert document["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("content", "arguments", "code"),
    [
        (b"", ("fairness", "--prediction", "p", "--sensitive", "g"), "empty"),
        (b"p,g\n1,a\n0,b\n", ("fairness", "--prediction", "q", "--sensitive", "g"), "unknown-column"),
        (b"p,g\n1,a\n0,b\n", ("fairness", "--prediction", "p"), "missing-column"),
        (b"p,g\n1,a\n0,b\n2,c\n", ("fairness", "--prediction", "p", "--sensitive", "g"), "not-binary"),
        (b"p,g\n1,a\n0,b\n", ("drift",), "missing-reference"),
        (b"p,g\n1,a\n0,b\n", ("magic",), "unknown-check"),
        (
            b"p,g\n1,a\n0,b\n",
            ("evaluation", "--label", "p", "--prediction", "g", "--threshold", "accuracy=1"),
            "threshold",
        ),
        (
            b"p,g\n1,a\n0,b\n",
            ("evaluation", "--label", "p", "--prediction", "g", "--parameter", "x=1"),
            "parameter",
        ),
        (b"p,g\n1,a\n0,b\n", ("data-contract",), "no-contract"),
    ],
)
def test_bad_input_is_named_in_words_and_in_json(tmp_path, capsys, content, arguments, code):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    name, *others = arguments
    with pytest.raises(CommandError, match=rf"\[{code}\]") as caught:
        call_command("try_check", name, "--current", str(path), *others)
    assert caught.value.returncode == 1
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        call_command("try_check", name, "--current", str(path), *others, "--json")
    assert left.value.code == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_words_for_people(tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text("y,p\n" + "1,1\n0,0\n" * 200)
    call_command("try_check", "evaluation", "--current", str(path), "--label", "y", "--prediction", "p",
                 "--threshold", "accuracy>=0.9")  # fmt: skip
    told = capsys.readouterr().out
    assert told.startswith("Evaluation: pass.")
    assert "It cannot tell" in told
