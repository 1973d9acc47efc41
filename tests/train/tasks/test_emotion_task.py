"""The direct emotion task, from votes to an exported model that reads pictures and is measured on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="tasks need mien[train]")
pytest.importorskip("sklearn.metrics")

import torch
from sklearn import metrics as sklearn_metrics

from mien.faces import EMOTIONS
from mien.tasks import calibrate
from mien.train.tasks import create_task


def test_measures_are_scikit_learns_and_votes_that_are_missing_do_not_count() -> None:
    rng = np.random.default_rng(0)
    votes = rng.dirichlet((1, 1, 1), 80).astype(np.float32)
    logits = rng.normal(size=(80, 3)).astype(np.float32)
    votes[::5] = np.nan
    known = ~np.isnan(votes[:, 0])
    truth, preds = votes[known].argmax(1), logits[known].argmax(1)
    found = create_task("emotion").measure({"emotion": logits}, {"emotion": votes})
    assert found["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(truth, preds, average="macro"))
    assert found["accuracy"] == pytest.approx((truth == preds).mean())


def test_shares_of_votes_are_learned_as_they_are() -> None:
    votes = torch.tensor([[0.5, 0.3, 0.2]])
    task = create_task("emotion")
    best = task.loss({"emotion": votes.log()}, {"emotion": votes})
    assert best.item() == pytest.approx(-float((votes * votes.log()).sum()))
    sure = torch.tensor([[0.9, 0.05, 0.05]])
    assert task.loss({"emotion": sure.log()}, {"emotion": votes}) > best


def test_the_temperature_is_fitted_on_the_classes_that_most_voted_for() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 3000)
    logits = 4 * (rng.normal(size=(3000, 3)) + 2 * np.eye(3)[truth])  # the posterior is softmax(logits / 2)
    votes = (0.1 + 0.7 * np.eye(3)[truth]).astype(np.float32)
    votes[:50] = np.nan
    found = calibrate("emotion", {"emotion": logits}, {"emotion": votes}, known=create_task("emotion").decoding())
    assert found["temperature"] == pytest.approx(2, rel=0.1)
    assert found["classes"] == list(EMOTIONS)


def test_an_exported_model_reads_and_is_measured(
    export_head: Callable[..., Path], with_landmarks: Callable[[], Any], tiny: Any
) -> None:
    from mien.evaluate.evaluator import report_of
    from mien.evaluate.figures.evaluation import draw_evaluation
    from mien.evaluate.reading import read_data

    with with_landmarks():
        path = export_head("emotion")
        reading = read_data(path, tiny.folder / "faces.parquet")
    category = reading.faces.attributes["emotion"]
    assert category.classes == EMOTIONS
    np.testing.assert_allclose(category.probability.sum(1), 1, atol=1e-5)
    z = reading.outputs["emotion"] / reading.card.decoding["temperature"]
    np.testing.assert_array_equal(category.probability.argmax(1), z.argmax(1))
    report = report_of(reading, rounds=20)
    assert [row.name for row in report.rows[:4]] == [
        "accuracy", "macro-F1", "mean AUC, one against the rest", "ECE",
    ]  # fmt: skip
    assert "Confusion" in [axes.get_title() for axes in draw_evaluation(reading, report).axes]
