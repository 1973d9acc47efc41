"""A new category from few labels: balanced draws, a read-out that learns, rules that need no label."""

import doctest

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("sklearn")

from mien.metrics import roc_auc
from mien.studies.routes import reuse as study
from mien.studies.routes.faces import Reading
from mien.studies.routes.routes import DIRECT, UNITS, Answers


def reading(present: np.ndarray, seed: int) -> Reading:
    """One route whose second column tells the category, and one of noise; the first has a rule as well."""
    rng = np.random.default_rng(seed)
    told = rng.normal(0, 1, (len(present), 5)) * [1, 1, 100, 1, 0]
    told[:, 1] += 2.5 * present
    noise = rng.normal(0, 1, (len(present), 5))
    blank = np.zeros((len(present), 3))
    answers = {UNITS: Answers(blank, told, {"rule": told[:, 1]}), DIRECT: Answers(blank, noise, {})}
    return Reading(answers, np.ones(len(present), bool), np.zeros((len(present), 68, 2)))


@pytest.fixture(scope="module")
def curves():
    pool, test = (np.random.default_rng(k).random(600) < 0.3 for k in (0, 1))
    category = study.NewCategory("new", reading(pool, 2), pool, reading(test, 3), test, "rule")
    return study.learning_curves(category, (10, 100), 8), test


def test_more_labels_tell_more_and_noise_tells_nothing(curves) -> None:
    found, _ = curves
    assert found[UNITS, 10].value < found[UNITS, 100].value
    assert found[UNITS, 100].value == pytest.approx(found[UNITS, 0].value, abs=0.03)
    assert found[DIRECT, 100].value == pytest.approx(0.5, abs=0.06)


def test_the_rule_needs_no_label(curves) -> None:
    found, test = curves
    assert found[UNITS, 0].value == pytest.approx(roc_auc(reading(test, 3).answers[UNITS].displays["rule"], test))
    assert (DIRECT, 0) not in found


def test_half_of_the_labelled_faces_have_the_category() -> None:
    present = np.arange(50) < 20
    rows = study.labelled(present, 30, np.random.default_rng(0))
    assert present[rows].sum() == 15
    assert len(set(rows.tolist())) == 30
    assert len(study.labelled(present, 100, np.random.default_rng(0))) == 50


def test_a_read_out_separates_what_a_line_separates() -> None:
    x = np.random.default_rng(4).normal(size=(300, 3))
    present = x @ [1, -2, 0.5] > 0
    assert roc_auc(study.read_out(x[:100], present[:100], x[100:]), present[100:]) > 0.98


def test_examples_in_docstrings() -> None:
    found = doctest.testmod(study)
    assert found.attempted > 0
    assert found.failed == 0
