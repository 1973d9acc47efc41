"""Verdicts on the routes follow the numbers, whichever route they favour."""

import doctest

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.bootstrap import Estimate
from mien.studies.routes import verdicts as study
from mien.studies.routes.figures import draw_pose, draw_routes
from mien.studies.routes.measures import AUC, ECE, F1, NLL
from mien.studies.routes.routes import DIRECT, EXACT, LANDMARKS, UNITS

STEADY = np.linspace(-0.01, 0.01, 41)


def hits(**level: float) -> dict[str, dict[str, Estimate]]:
    """The same level for every measure of a route, the errors turned round."""
    names = {"units": UNITS, "direct": DIRECT, "landmarks": LANDMARKS, "exact": EXACT}
    found = {}
    for short, value in level.items():
        own = {name: Estimate(value, value + STEADY) for name in (F1, AUC)}
        found[names[short]] = own | {name: Estimate(1 - value, 1 - value - STEADY) for name in (ECE, NLL)}
    return found


def spreads(*values: float) -> dict[tuple[str, str], dict[str, float]]:
    keys = [
        (study.ALL, "intra-class spread"), (study.RENDERED, "intra-class spread"),
        (study.RENDERED, "person over display"), (study.RENDERED, "accuracy, deviation over people"),
    ]  # fmt: skip
    return {key: dict(zip((UNITS, DIRECT, LANDMARKS), values, strict=True)) for key in keys}


SPEED = {("one thread", "ms a face, after the landmarks"): {UNITS: 1.0, DIRECT: 2.0, LANDMARKS: 0.5}}


def curve(rule: float, *levels: float) -> dict[tuple[str, int], Estimate]:
    found = {(UNITS, 0): Estimate(rule)}
    for name, level in zip((UNITS, DIRECT, LANDMARKS), levels, strict=True):
        found |= {(name, k): Estimate(level + k / 1000, level + k / 1000 + STEADY) for k in (10, 100)}
    return found


def verdict(found: dict, **curves: dict) -> str:
    return "\n".join(study.judge_routes(found, spreads(0.1, 0.2, 0.3), curves, SPEED))


def test_whichever_route_wins_is_told() -> None:
    better = {study.ALL: hits(units=0.9, direct=0.8, landmarks=0.6)}
    worse = {study.ALL: hits(units=0.7, direct=0.8, landmarks=0.6)}
    text = verdict(better, pain=curve(0.8, 0.75, 0.65, 0.5))
    assert text.startswith(f"Highest {F1}: {study.ALL}: {UNITS} (0.900)")
    assert f"higher with {UNITS} than with {DIRECT}" in text
    assert "Without any new label Action Units tell by rule (AUC): pain 0.800" in text
    text = verdict(worse)
    assert text.startswith(f"Highest {F1}: {study.ALL}: {DIRECT} (0.800).")
    assert f"lower with {UNITS} than with {DIRECT}" in text
    assert f"higher with {UNITS} than with {LANDMARKS}" in text
    assert f"ECE on {study.ALL}: lowest with {DIRECT} (0.200)." in text
    assert f"Fastest once the landmarks are found: {LANDMARKS} (0.5), {UNITS} (1), {DIRECT} (2)." in text


def test_labels_that_a_read_out_needs_to_reach_the_rule() -> None:
    lines = list(study.judge_reuse("pain", curve(0.8, 0.795, 0.71, 0.5)))
    assert lines[0] == f"pain, 10 labelled faces: highest AUC with {UNITS} (0.805)."
    assert lines[-1].endswith(f"{UNITS} 10, {DIRECT} 100, {LANDMARKS} more than 100.")


def test_losses_are_told_against_the_frontal_view() -> None:
    yaw = {
        0: hits(units=0.9, direct=0.8, landmarks=0.6, exact=0.7),
        60: hits(units=0.81, direct=0.4, landmarks=0.3, exact=0.6),
    }
    real = {"ferplus, pose45": hits(units=0.7, direct=0.9, landmarks=0.5)}
    text = "\n".join(study.judge_pose(yaw, {0: yaw[0], 30: yaw[60]}, real))
    first = text.splitlines()[0]
    assert f"from yaw 0 to 60: {UNITS} 10%, {DIRECT} 50%, {LANDMARKS} 50%; least with {UNITS}." in first
    assert f"on real faces: ferplus, pose45: {DIRECT} (0.900)." in first
    assert f"Loss of {F1} from yaw 0 to 60: {UNITS} 10.0% (" in text
    assert f"Loss of {AUC} above 0.5 from pitch 0 to 30: {UNITS} 22.5% (" in text
    assert f"higher with {EXACT} than with {LANDMARKS}" in text
    turned = {0: yaw[0], 60: hits(units=0.45, direct=0.73, landmarks=0.54, exact=0.6)}
    assert f"; least with {DIRECT}." in next(study.judge_pose(turned, turned, {}))


def test_figures_show_every_set_of_faces() -> None:
    found = {name: hits(units=0.9, direct=0.8, landmarks=0.6) for name in (study.ALL, study.RENDERED)}
    figure = draw_routes(found, spreads(0.1, 0.2, 0.3), {"pain": curve(0.8, 0.7, 0.6, 0.5)})
    assert len(figure.axes[0].patches) == 6
    assert "a new category: pain" in [axes.get_title() for axes in figure.axes]
    views = {angle: hits(units=0.9, direct=0.8, landmarks=0.6, exact=0.7) for angle in (0, 30)}
    error = {angle: Estimate(0.03, 0.03 + STEADY) for angle in (0, 30)}
    figure = draw_pose(views, views, found, error)
    assert figure.axes[0].get_legend_handles_labels()[1] == [UNITS, DIRECT, LANDMARKS, EXACT]


def test_examples_in_docstrings() -> None:
    found = doctest.testmod(study)
    assert found.attempted > 0
    assert found.failed == 0
