"""The picture of an evaluation: its panels by task, what stands on them, and that nothing global changes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need mien[evaluate]")
pytest.importorskip("pyarrow")

import cv2
import matplotlib

from mien.evaluate.evaluator import report_of
from mien.evaluate.figures.evaluation import draw_evaluation, save_picture

PANELS = {
    "age": ["Age", "Error by age (faces above)", "Calibration of the interval", "By group (n)"],
    "expression": [
        "Displayed emotion, by Action Units", "Displayed emotion, direct",
        "ROC of displayed emotion, by Action Units", "Probability of displayed emotion", "ROC of Action Units",
        "AUC of Action Units", "Probability of Action Units", "By group (n)",
    ],
    "attractiveness": ["PLCC", "Error of the percentile (faces above)", "By group (n)"],
    "landmarks": [
        "Cumulative error of 68 landmarks", "Landmarks by yaw (faces above)", "Yaw", "Error of yaw (faces above)",
        "By group (n)",
    ],
    "classification:hat": ["Confusion", "ROC, one against the rest", "Probability", "By group (n)"],
    "regression:height": ["Value", "Error by value (faces above)", "Cumulative error", "By group (n)"],
    "multilabel:worn": ["ROC of worn", "AUC of worn", "Probability of worn", "By group (n)"],
}  # fmt: skip


def draw(reading: Any) -> Any:
    return draw_evaluation(reading, report_of(reading, rounds=20))


@pytest.mark.parametrize("task", PANELS)
def test_panels_of_each_task_have_titles_and_names_on_their_axes(task: str, reading: Callable[..., Any]) -> None:
    figure = draw(reading(task))
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == len(PANELS[task])
    assert all(title.startswith(wanted) for title, wanted in zip(titles, PANELS[task], strict=True))
    assert all(axes.get_xlabel() for axes in figure.axes)
    assert figure.get_suptitle() == "m on drawn (test): 120 faces found in 125 pictures"
    figure.canvas.draw()


def test_panels_of_several_tasks_say_whose_they_are(reading: Callable[..., Any]) -> None:
    titles = [axes.get_title() for axes in draw(reading("age+regression:height")).axes]
    wanted = [f"age: {t}" for t in PANELS["age"]] + [f"height: {t}" for t in PANELS["regression:height"]]
    assert titles == wanted


def test_what_has_no_label_has_no_panel(reading: Callable[..., Any]) -> None:
    figure = draw(reading("expression", emotion=None))
    assert [axes.get_title() for axes in figure.axes] == PANELS["expression"][4:]
    without = draw(reading("expression", action_units=None))
    assert [axes.get_title() for axes in without.axes] == [*PANELS["expression"][:4], "By group (n)"]


def test_age_groups_are_drawn_as_ranges(reading: Callable[..., Any]) -> None:
    low = np.repeat([10.0, 20.0, np.nan], 40)
    axes = draw(reading("age", age=np.stack([low, low + 10], 1))).axes[0]
    assert axes.get_title() == "Age by true age group"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10–20 (40)", "20–30 (40)"]


def test_the_group_panel_shows_the_main_measure_of_the_report(reading: Callable[..., Any]) -> None:
    made = reading("age")
    report = report_of(made, rounds=20)
    axes = draw_evaluation(made, report).axes[-1]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"{row.name.removeprefix('MAE, ')} ({row.faces})" for row in report.groups]
    points = [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    assert points == [row.value for row in report.groups]
    assert f"all faces, {report.rows[0].value:.3g}" in axes.get_xlabel()


def test_a_picture_is_written_whole_and_leaves_matplotlib_as_it_was(
    reading: Callable[..., Any], tmp_path: Path
) -> None:
    before = dict(matplotlib.rcParams)
    loaded = "matplotlib.pyplot" in sys.modules
    save_picture(draw(reading("regression:height")), tmp_path / "picture.png")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
    image = cv2.imread(str(tmp_path / "picture.png"))
    assert min(image.shape[:2]) > 500
    assert image.std() > 10
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded
