"""The sheet of the worst: the right faces, in order, with what was true and what was read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need mien[evaluate]")
pytest.importorskip("pyarrow")

from mien.errors import InputError
from mien.evaluate.figures.worst import cut_face, draw_worst
from mien.faces import Faces
from mien.tasks import Labels, Read, task_named

TASKS = (
    "age",
    "expression",
    "attractiveness",
    "landmarks",
    "classification:hat",
    "regression:height",
    "multilabel:worn",
)


def errors_of(task: str, faces: Faces, labels: dict[str, Any]) -> Any:
    return task_named(task).errors(Read(faces, {}, Labels(labels, {})))


def test_the_worst_come_first_with_their_own_picture(reading: Callable[..., Any]) -> None:
    made = reading("regression:height")
    error = np.abs(made.faces.attributes["height"].value - made.labels.named["regression:height"][:, 0])
    worst = np.argsort(-np.nan_to_num(error, nan=-1))[:5]
    axes = draw_worst(made, 5).axes
    for row, part in zip(worst, axes, strict=True):
        truth, read = made.labels.named["regression:height"][row, 0], made.faces.attributes["height"].value[row]
        assert part.get_title() == f"true {truth:.4g}, predicted {read:.4g}\nrow {row}"
        assert np.unique(part.get_images()[0].get_array()).tolist() == [row]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_errors_and_words_and_a_face_without_label_has_none(
    task: str, faces: Faces, labels: dict[str, Any]
) -> None:
    named = {key: value for key, value in labels.items() if task != "expression" or key != "emotion"}
    error, words = errors_of(task, faces, named)
    assert np.isnan(error[0])
    assert np.isfinite(error[1:]).all()
    assert (error[1:] >= 0).all()
    assert len(words) == len(faces)
    assert errors_of(task, faces, {}) is None


def test_errors_are_those_of_the_labels(faces: Faces, labels: dict[str, Any]) -> None:
    error, words = errors_of("age", faces, {"age": np.tile([20.0, 30.0], (len(faces), 1))})
    value = faces.age.value
    assert error == pytest.approx(np.maximum(np.maximum(20 - value, value - 30), 0))
    assert words[3] == f"true 20–30, predicted {value[3]:.0f}"
    error, _ = errors_of("classification:hat", faces, labels)
    held = [faces.attributes["hat"].probability[i, int(labels["classification:hat"][i, 0])] for i in range(1, 5)]
    assert error[1:5] == pytest.approx(1 - np.array(held))
    error, _ = errors_of("multilabel:worn", faces, labels)
    away = np.abs(faces.attributes["worn"].probability - labels["multilabel:worn"])
    assert error[1:] == pytest.approx(away[1:].max(1))


def test_there_are_no_more_faces_than_have_a_label(reading: Callable[..., Any], labels: dict[str, Any]) -> None:
    few = np.full_like(labels["age"], np.nan)
    few[7] = 20
    assert len(draw_worst(reading("age", age=few), 6).axes) == 1
    with pytest.raises(InputError, match="no face has a label"):
        draw_worst(reading("age", age=None), 6)
    with pytest.raises(InputError, match="'worst' must be a whole number"):
        draw_worst(reading("age"), 0)


def test_a_face_is_cut_with_a_margin_within_the_picture() -> None:
    image = np.arange(100 * 80 * 3, dtype=np.uint32).reshape(100, 80, 3)
    cut = cut_face(image, np.array([20.0, 30, 40, 50]))
    assert cut.tolist() == image[23:57, 13:47].tolist()
    assert cut_face(image, np.array([-10.0, -10, 200, 200])).shape == image.shape
    assert cut_face(image, np.array([300.0, 300, 320, 320])).shape == image.shape
