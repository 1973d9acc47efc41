"""Heads decode exactly what their cards say, and touch no column but their own."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fixtures.tiny_models import MEAN, STD, crops_of, save

from mien.errors import InputError, ModelError
from mien.expression.emotion import EvidenceModel
from mien.faces import Faces
from mien.facs import CODES
from mien.runtime import models as models_module
from mien.runtime.heads import HEADS, OPEN_HEADS, Head, choose_heads
from mien.runtime.models import find_model, read_card

EVIDENCE = {
    "positive": {"bias": 0.5, "AU12": 3.0, "AU04": -1.0},
    "neutral": {"bias": 1.0},
    "negative": {"bias": -0.5, "AU04": 2.0},
}
AGE = {"coverage": 0.8, "band_edges": [30.0, 50.0], "band_quantiles": [1.0, 2.0, 3.0]}
UNITS = {"slope": [2.0, 1.0, 1.0], "bias": [1.0, 0.0, 0.0], "codes": ["AU04", "AU12", "AU25"]}
SCORE = {"mean": 3.0, "std": 0.5, "quantiles": np.linspace(-2, 2, 101).tolist(), "pool": "raters"}


def some_faces(n: int = 2) -> Faces:
    rng = np.random.default_rng(0)
    return Faces(rng.uniform(0, 9, (n, 4)), rng.uniform(0, 1, n), rng.uniform(0, 9, (n, 5, 2)))


def read(path: Path, n: int = 2, evidence: EvidenceModel | None = None) -> Faces:
    return Head(path, 1, evidence)(some_faces(n), crops_of([[0, 0, 0]] * n))


def test_the_names() -> None:
    assert HEADS == ("expression", "age", "attractiveness")


@pytest.mark.parametrize(
    ("z", "value", "quantile"),
    [(-0.5, 25.0, 1.0), (0.25, 40.0, 2.0), (0.75, 50.0, 3.0), (1.0, 55.0, 3.0), (9.0, 110.0, 3.0), (-9.0, 0.0, 1.0)],
)
def test_age_and_its_interval(tmp_path: Path, z: float, value: float, quantile: float) -> None:
    age = read(save(tmp_path, "age", {"age": [z, np.log(4.0)]}, decoding=AGE)).age
    assert age is not None
    assert age.value.tolist() == [value] * 2
    assert age.high == pytest.approx(value + 4 * quantile)
    assert age.low == pytest.approx(max(value - 4 * quantile, 0))
    assert age.coverage == 0.8


def test_every_face_is_read_from_its_own_crop(tmp_path: Path) -> None:
    path = save(tmp_path, "age", {"age": [0.0, 0.0]}, weights={"age": [[1, 0], [0, 0], [0, 0]]}, decoding=AGE)
    faces = Head(path, 1)(some_faces(3), crops_of([[100, 9, 9], [150, 9, 9], [75, 9, 9]]))
    assert faces.age.value == pytest.approx(35 + 20 * (np.array([100, 150, 75]) - MEAN) / STD, abs=1e-3)


def test_action_units(tmp_path: Path) -> None:
    units = read(save(tmp_path, "expression", {"action_units": [-0.5, 0.0, np.log(4)]}, decoding=UNITS)).action_units
    assert units is not None
    assert units.codes == ("AU04", "AU12", "AU25")
    assert units.probability == pytest.approx(np.array([[0.5, 0.5, 0.8]] * 2))
    assert units.intensity == pytest.approx(np.array([[1.0, 1.0, 2.5]] * 2))


def test_units_are_the_whole_vocabulary_unless_the_card_names_them(tmp_path: Path) -> None:
    decoding = {"slope": [1.0] * len(CODES), "bias": [0.0] * len(CODES)}
    units = read(save(tmp_path, "expression", {"action_units": [0.0] * len(CODES)}, decoding=decoding)).action_units
    assert units is not None
    assert units.codes == CODES


def expected_emotion(rows: dict[str, dict[str, float]], present: dict[str, float]) -> list[float]:
    """Softmax of bias + weights @ strength, written out."""
    logits = [
        row["bias"] + sum(weight * present[code] for code, weight in row.items() if code != "bias")
        for row in rows.values()
    ]
    odds = np.exp(logits)
    return list(odds / odds.sum())


def test_the_emotion_follows_from_the_units_by_the_card(tmp_path: Path) -> None:
    path = save(tmp_path, "expression", {"action_units": [-0.5, 0.0, 9.0]}, decoding={**UNITS, "evidence": EVIDENCE})
    emotion = read(path).emotion
    assert emotion is not None
    expected = expected_emotion(EVIDENCE, {"AU04": 1.0, "AU12": 1.0})  # the strength of probability 0.5
    assert emotion.probability == pytest.approx(np.array([expected] * 2), rel=1e-5)
    assert emotion.label.tolist() == ["positive"] * 2
    # Positive stands out from the mean of the two others: 3 by AU12, -1 - 1 by AU04.
    assert emotion[0].evidence == [("AU12", pytest.approx(3.0))]
    assert emotion.contribution[0] == pytest.approx([-2.0, 3.0])


def test_evidence_of_ones_own_replaces_that_of_the_card(tmp_path: Path) -> None:
    own = {"positive": {"bias": 0.0}, "neutral": {"bias": 0.0}, "negative": {"bias": 0.0, "AU25": 8.0}}
    path = save(tmp_path, "expression", {"action_units": [0.0, 0.0, 9.0]}, decoding={**UNITS, "evidence": EVIDENCE})
    emotion = read(path, evidence=EvidenceModel.from_dict(own)).emotion
    assert emotion is not None
    assert emotion.label.tolist() == ["negative"] * 2
    assert emotion.codes == ("AU25",)


def test_without_evidence_there_is_no_emotion(tmp_path: Path) -> None:
    faces = read(save(tmp_path, "expression", {"action_units": [0.0] * 3}, decoding=UNITS))
    assert faces.emotion is None
    assert faces.action_units is not None


@pytest.mark.parametrize(
    ("output", "score", "percentile"),
    [(3.0, 0.0, 50.0), (3.5, 1.0, 75.0), (2.51, -0.98, 25.5), (9.0, 12.0, 100.0), (0.0, -6.0, 0.0)],
)
def test_attractiveness(tmp_path: Path, output: float, score: float, percentile: float) -> None:
    found = read(save(tmp_path, "attractiveness", {"score": [output]}, decoding=SCORE)).attractiveness
    assert found is not None
    assert found.score == pytest.approx([score] * 2, abs=1e-5)
    assert found.percentile == pytest.approx([percentile] * 2, abs=1e-3)
    assert found.pool == "raters"


CARDS: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "expression": ({"action_units": [0.1] * 3}, {**UNITS, "evidence": EVIDENCE}, {"action_units", "emotion"}),
    "age": ({"age": [0.1, 0.1]}, AGE, {"age"}),
    "attractiveness": ({"score": [0.1]}, SCORE, {"attractiveness"}),
}


def test_heads_add_their_columns_and_touch_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "WEIGHTS", tmp_path)
    for task, (biases, decoding, _) in CARDS.items():
        save(tmp_path, task, biases, decoding=decoding)
    faces, crops = some_faces(), crops_of([[1, 2, 3]] * 2)
    for name in HEADS:
        after = Head(name)(faces, crops)
        changed = {f.name for f in fields(Faces) if getattr(after, f.name) is not getattr(faces, f.name)}
        assert changed == CARDS[name][2]
        faces = after
    assert faces[0].to_dict()["age"]["value"] == pytest.approx(37.0)


@pytest.mark.parametrize("task", CARDS)
def test_no_faces_give_empty_columns(tmp_path: Path, task: str) -> None:
    biases, decoding, columns = CARDS[task]
    faces = read(save(tmp_path, task, biases, decoding=decoding), 0)
    assert len(faces) == 0
    assert all(getattr(faces, name) is not None for name in columns)


def test_the_template_is_the_one_of_the_card(tmp_path: Path) -> None:
    path = save(tmp_path, "age", {"age": [0, 0]}, decoding=AGE, crop={"size": 16, "scale": 0.5})
    template = Head(path).template
    assert (template.size, template.scale) == (16, 0.5)


@pytest.mark.parametrize("task", ["landmarks", "identity", "age+identity"])
def test_other_tasks_are_refused(tmp_path: Path, task: str) -> None:
    path = save(tmp_path, task, {"score": [0.0]})
    with pytest.raises(ModelError, match=rf"must have a task of age, expression, .*\. Got '{re.escape(task)}'"):
        Head(path)


HAT = {"name": "hat", "column": "hat", "classes": ["no", "yes"], "temperature": 1.0}


def test_own_models_add_up_under_their_names(tmp_path: Path) -> None:
    hat = save(tmp_path, "classification:hat", {"classification:hat": [0.0, 2.0]}, decoding=HAT)
    several = {"age": AGE, "regression:height": {"center": 1.7, "unit": 0.1}}
    outputs = {"age": [0.0, 0.0], "regression:height": [1.0]}
    both = save(tmp_path, "age+regression:height", outputs, decoding=several)
    faces = Head(both)(Head(hat)(some_faces(), crops_of([[9, 9, 9]] * 2)), crops_of([[9, 9, 9]] * 2))
    assert faces.age.value.tolist() == [35, 35]
    assert faces.attributes["hat"].label.tolist() == ["yes", "yes"]
    assert faces.attributes["height"].value == pytest.approx([1.8, 1.8])
    assert list(faces[0].to_dict()["attributes"]) == ["hat", "height"]


@pytest.mark.parametrize(
    ("biases", "decoding", "fault"),
    [
        ({"years": [0.0, 0.0]}, AGE, "KeyError: 'age'"),
        ({"age": [0.0, 0.0]}, {**AGE, "band_quantiles": []}, "IndexError"),
        ({"age": [0.0, 0.0]}, {**AGE, "coverage": "most"}, "ValueError: could not convert"),
        ({"age": [np.nan, 0.0]}, AGE, "NaN or infinity"),
    ],
)
def test_a_network_that_does_not_fit_its_card_is_told_at_once(
    tmp_path: Path, biases: dict, decoding: dict, fault: str
) -> None:
    with pytest.raises(ModelError, match=rf"age\.onnx' must fit its card\. On a gray crop of 16 pixels it .*{fault}"):
        Head(save(tmp_path, "age", biases, decoding=decoding))


def test_open_terms_load_open_models_alone() -> None:
    for name in choose_heads(None, "open"):
        assert read_card(find_model(name)).values["open"] is True
    assert read_card(find_model("landmarks")).values["open"] is True
    assert choose_heads(["expression"], "open") == ["expression-open"]
    assert choose_heads([Path("mine.onnx"), "expression-open"], "open") == [Path("mine.onnx"), "expression-open"]
    assert set(OPEN_HEADS) <= set(HEADS)


@pytest.mark.parametrize("name", ["age", "attractiveness"])
def test_models_for_research_are_refused_under_open_terms(name: str) -> None:
    with pytest.raises(InputError, match=rf"must be of expression under open terms.*Got '{name}'.*terms='any'"):
        choose_heads(["expression", name], "open")


def test_terms_are_any_or_open() -> None:
    with pytest.raises(InputError, match="'terms' must be 'any' or 'open'"):
        choose_heads(None, "mit")
