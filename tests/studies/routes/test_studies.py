"""The two studies of routes: rows and verdicts from small arrays; on the real data where they are."""

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.errors import InputError
from mien.faces import EMOTIONS
from mien.studies import registry
from mien.studies.core.bootstrap import Estimate
from mien.studies.routes import au_or_classes, landmarks_under_pose
from mien.studies.routes.faces import Reading, VotedFaces
from mien.studies.routes.landmark_classifier import LandmarkClassifier
from mien.studies.routes.routes import DIRECT, EXACT, LANDMARKS, UNITS, Answers
from mien.studies.routes.setup import Bench, rendered_hits, voted_hits
from mien.studies.routes.synthetic_displays import VIEWS, class_plans, describe

SKILL = {UNITS: 3.0, DIRECT: 1.0, LANDMARKS: 0.0, EXACT: 1.0}


def answered(label: np.ndarray, seed: int) -> Reading:
    """Answers that are the better the higher the skill of the route."""
    rng = np.random.default_rng(seed)
    answers = {}
    for name, skill in SKILL.items():
        z = rng.normal(size=(len(label), 3)) + skill * np.eye(4)[label][:, :3]
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        answers[name] = Answers(log_p, np.c_[z, rng.normal(size=(len(label), 4))], {})
    return Reading(answers, np.ones(len(label), bool), rng.uniform(0, 9, (len(label), 68, 2)))


@pytest.fixture(scope="module")
def bench() -> Bench:
    label = np.random.default_rng(0).integers(0, 4, 400)
    blank = np.zeros((400, 68, 2), np.float32)
    subset = {"all": np.ones(400, bool), "pose30": np.arange(400) < 200}
    faces = VotedFaces(Path("none"), np.arange(400), np.full(400, "test"), label, blank, subset)
    classifier = LandmarkClassifier("first", {"first": 0.7, "second": 0.6}, None)
    reading = answered(label, 1)
    temperature = {UNITS: 1.0, DIRECT: 1.0, LANDMARKS: 2.0}
    return Bench([], classifier, temperature, faces, faces, reading, reading, lambda image: None, 9)  # type: ignore[arg-type]


def test_surprised_faces_have_no_class(bench: Bench) -> None:
    found = voted_hits(bench, "pose30", 20)
    assert found[UNITS]["accuracy"].value > found[DIRECT]["accuracy"].value > found[LANDMARKS]["accuracy"].value
    clear = (bench.test.label < 3) & (np.arange(400) < 200)
    preds = bench.test_reading.answers[UNITS].log_probability[clear].argmax(1)
    assert found[UNITS]["accuracy"].value == pytest.approx((preds == bench.test.label[clear]).mean())


def test_exact_landmarks_have_the_temperature_of_landmarks(bench: Bench) -> None:
    p = bench.probability(bench.test_reading, EXACT)
    expected = np.exp(bench.test_reading.answers[EXACT].log_probability / 2)
    np.testing.assert_allclose(p, expected / expected.sum(1, keepdims=True))
    assert bench.choice == "landmark route: first, chosen by macro-F1 on validation faces (first 0.700, second 0.600)"


def test_the_same_people_are_drawn_for_every_view(bench: Bench) -> None:
    told = describe(class_plans(6, 4, 0), VIEWS)
    reading = answered(told.label, 2)
    same = answered(told.label[told.yaw == 0], 3)
    frontal, turned = ((told.yaw == yaw) & (told.pitch == 0) for yaw in (0, 45))
    for answers in reading.answers.values():
        answers.log_probability[turned] = answers.log_probability[frontal]
    first, second = (rendered_hits(bench, reading, told, chosen, 30) for chosen in (frontal, turned))
    np.testing.assert_array_equal(first[UNITS]["accuracy"].draws, second[UNITS]["accuracy"].draws)
    assert len(same.found) > 0


def test_spreads_of_a_representation_that_tells_the_class_and_of_noise(bench: Bench) -> None:
    told = describe(class_plans(6, 12, 0), au_or_classes.FRONTAL)
    found = au_or_classes.measure_spreads(bench, au_or_classes.Rendered(told, answered(told.label, 4)))
    for faces in ("ferplus, all", "rendered, frontal"):
        own = found[faces, "intra-class spread"]
        assert own[UNITS] < own[DIRECT] < own[LANDMARKS]
        assert own[LANDMARKS] == pytest.approx(1, abs=0.06)
    assert all(value < 0.1 for value in found["rendered, frontal", "variance explained by the person"].values())
    assert found["ferplus, all", "temperature"][LANDMARKS] == 2


def test_rows_have_a_cell_for_each_route(bench: Bench) -> None:
    hits = voted_hits(bench, "all", 10)
    rows = au_or_classes._hit_rows({"ferplus, all": hits})
    assert {len(row) for row in rows} == {5}
    assert [row[1] for row in rows][:2] == ["macro-F1", "accuracy"]
    assert [row[1] for row in rows][2:5] == [f"recall, {name}" for name in EMOTIONS]
    curve = {(UNITS, 0): Estimate(0.9), **{(name, 10): Estimate(0.7) for name in (UNITS, DIRECT, LANDMARKS)}}
    rows = au_or_classes._reuse_rows({"pain": curve}, (10,))
    assert rows[0] == ("pain", "AUC by rule, no label", Estimate(0.9), "none", "none")
    assert len(rows) == 2
    views = {0: hits | {EXACT: hits[UNITS]}, 30: hits | {EXACT: hits[DIRECT]}}
    rows = landmarks_under_pose._view_rows("yaw", views)
    assert [row[1] for row in rows][-2:] == [
        "part of macro-F1 lost since yaw 0",
        "part of AUC above 0.5 lost since yaw 0",
    ]
    assert rows[-2][2].value == 0
    assert {len(row) for row in rows} == {6}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["au-or-classes", "landmarks-under-pose"])
def test_quick_run_on_the_real_data(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ.get("MIEN_STUDY_DATA")
    if not folder:
        pytest.skip("the environment variable MIEN_STUDY_DATA names no folder with ferplus, heads and direct.onnx")
    monkeypatch.chdir(tmp_path)
    try:
        finding = registry.run_study(name, quick=True, data=Path(folder), seeds=1)
    except InputError as error:
        pytest.skip(str(error))
    assert "macro-F1" in finding.verdict.splitlines()[0]
    assert {len(row) for row in finding.table.rows} == {len(finding.table.columns)}
