"""Models, evidence, Action Units: what the library says, and weights to try."""

import numpy as np
import pytest

from mien.expression.emotion import EvidenceModel, parse_evidence
from mien.facs import ACTION_UNITS
from mien.runtime.models import embedded_models


def test_models_and_cards(http):
    models = http.get("/v1/models").json()
    assert [model["name"] for model in models] == embedded_models()
    card = http.get("/v1/models/age").json()
    assert card["metrics"]
    assert http.get("/v1/models/..%2f..%2fage").status_code == 404


def test_action_units(http):
    assert [unit["sign"] for unit in http.get("/v1/action-units").json()] == [unit.sign for unit in ACTION_UNITS]


@pytest.mark.parametrize("name", ["expression", "expression-open"])
def test_evidence_is_enough_to_compute_the_emotion(http, name):
    """By the formula of the description, as a page computes it."""
    told = http.get("/v1/evidence", params={"model": name}).json()
    face = dict.fromkeys(told["codes"], 0.2) | {"AU12": 0.95, "AU06": 0.8}
    p = np.array(list(face.values()))
    trace, most = told["strength"]["trace"], told["strength"]["most"]
    strength = np.minimum(np.log1p(np.exp(trace) * p / (1 - p)) / np.log1p(np.exp(trace)), most)
    strong = dict(zip(face, strength, strict=True))
    logits = [
        row["bias"] + sum(weight * strong[code] for code, weight in row.items() if code != "bias")
        for row in told["weights"].values()
    ]
    shares = dict(zip(told["weights"], np.exp(logits) / np.exp(logits).sum(), strict=True))
    grouped = {group: sum(shares[c] for c in classes) for group, classes in told["groups"].items()}
    body = {"weights": told["weights"], "faces": [face]}
    [emotion] = http.post("/v1/evidence", json=body).json()["emotions"]
    for group, share in grouped.items():
        assert emotion[group] == pytest.approx(share / sum(grouped.values()), abs=1e-4)
    assert parse_evidence(told["yaml"]).to_dict() == told["weights"]


def test_other_weights_are_tried_and_saved(http, face):
    [row] = http.post("/v1/analyze", files={"f": ("a.png", face)}).json()
    text = "bias: {negative: 20}\nAU12: {positive: 1}"
    told = http.post("/v1/evidence", json={"yaml": text, "faces": [row["action_units"]]}).json()
    assert told["emotions"][0]["label"] == "negative"
    assert parse_evidence(told["yaml"]).to_dict() == EvidenceModel.from_dict(parse_evidence(text).to_dict()).to_dict()
    [same] = http.post("/v1/evidence", json={"faces": [row["action_units"]]}).json()["emotions"]
    assert same["label"] == row["emotion"]["label"]
    assert same["positive"] == pytest.approx(row["emotion"]["positive"], abs=1e-4)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"yaml": "AU99: {positive: 1}"}, "AU99"),
        ({"yaml": "a: &a [1]\nb: *a"}, "aliases"),
        ({"weights": {"positive": {}}}, "rows"),
        ({"yaml": "AU12: {positive: 1}", "faces": [{"AU01": 0.1}]}, "Missing: AU12"),
        ({"faces": [{"AU12": 1.5}]}, "AU12"),
        ({"x": 1}, "x"),
    ],
)
def test_wrong_weights_are_named(http, body, told):
    answer = http.post("/v1/evidence", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told in answer.json()["detail"]
