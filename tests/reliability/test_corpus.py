"""A small part of the corpus, and that the harness sees what goes wrong."""

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="comes with mien[train]")
pytest.importorskip("pyarrow", reason="comes with mien[train]")

from tests.reliability.case import Case
from tests.reliability.corpus import run_corpus
from tests.reliability.judge import Outcome, judge
from tests.reliability.kinds import KINDS, make_case, names

SHARE = 0.015
FIRST = 0.004
"""Of the cases: little more than the first of each kind."""
LIGHT = tuple(name for name, kind in KINDS.items() if not kind.heavy)
ROW = {"source": "a.jpg", "status": "ok", "box": [0, 0, 5, 5], "score": 0.9}
ANALYZE = Case("", ["analyze", "a.jpg", "--out", "-"])


def faults_of(share: float, kinds: tuple[str, ...]) -> list[str]:
    chosen = names(share, kinds)
    results = list(run_corpus(chosen, seed=1, workers=1, limit_s=60))
    assert {told["case"] for told in results} == set(chosen)
    return [f"{told['case']} {told['what']}: {fault}" for told in results for fault in told["faults"]]


@pytest.mark.timeout(1200)  # seconds on a free machine
def test_the_first_cases_that_need_no_torch() -> None:
    assert faults_of(FIRST, LIGHT) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_small_part_of_the_corpus() -> None:
    assert faults_of(SHARE, tuple(KINDS)) == []


def test_the_corpus_is_large_and_the_same_each_time(tmp_path: Path) -> None:
    assert len(names()) >= 1000
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        case = make_case("photo-99", 0, folder)
        made.append((case, {path.name: path.read_bytes() for path in folder.iterdir()}))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Outcome(None, "", "", "KeyError: 'x'"), "traceback"),
        (Outcome(0, "", "Traceback (most recent call last)"), "traceback"),
        (Outcome(7, "", "mien: no."), "status"),
        (Outcome(0, "", ""), "status"),
        (Outcome(3, json.dumps(ROW), ""), "status"),
        (Outcome(0, json.dumps({**ROW, "status": "error", "reason": "No."}), ""), "status"),
        (Outcome(2, "", ""), "silence"),
        (Outcome(1, "", "mien: ValueError: x"), "raw"),
        (Outcome(3, json.dumps({**ROW, "status": "error", "reason": "KeyError: 'a'"}), ""), "raw"),
        (Outcome(0, json.dumps(ROW), "a.py:3: UserWarning: x"), "noise"),
        (Outcome(0, json.dumps({**ROW, "score": float("nan")}), ""), "output"),
        (Outcome(0, json.dumps({**ROW, "box": [5, 0, 0, 5]}), ""), "output"),
        (Outcome(0, "{", ""), "output"),
    ],
)
def test_what_is_a_fault(outcome: Outcome, fault: str) -> None:
    assert any(text.startswith(fault) for text in judge(ANALYZE, outcome))


def test_what_is_none() -> None:
    unread = {**ROW, "status": "error", "reason": "'a.jpg' is empty (0 bytes). Copy it again."}
    assert judge(ANALYZE, Outcome(0, json.dumps(ROW), "")) == []
    assert judge(ANALYZE, Outcome(3, json.dumps(unread), "mien: 1 of 1 could not be read; see 'reason'.")) == []
    assert judge(ANALYZE, Outcome(2, "", "mien: 'every' must be at least 1. Got 0.")) == []
