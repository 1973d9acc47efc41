"""Cards: all that loading needs, what the data were, what was measured, and no path of a machine."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="cards need mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow.parquet")

import pyarrow.parquet as pq
import torch

from mien.evaluate.evaluator import Report, Row, evaluate_file
from mien.expression.emotion import DISPLAYS, EvidenceModel
from mien.facs import CODES
from mien.runtime.heads import Head
from mien.runtime.models import Model
from mien.tasks import calibrate
from mien.train.data.dataset import FaceDataset
from mien.train.engine.loaders import load_sets
from mien.train.export.card import _line, _recipe, amend_card, predict, read_crops
from mien.train.export.exporter import export_run, read_run, trained_model
from mien.train.fold import fold
from mien.train.model import MEAN, STD, normalise, round_to_half
from mien.train.recipe import Source


def card_of(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_card_of_a_landmark_network(exported: Path, tiny: Any) -> None:
    card = card_of(exported)
    assert (card["name"], card["task"], card["outputs"]) == ("tiny", "landmarks", ["landmarks", "pose"])
    assert card["crop"] == {"kind": "square", "size": 48, "margin": 1.3}
    assert (card["mean"], card["std"], card["channels"]) == (MEAN, STD, "RGB")
    assert card["decoding"] == {}
    assert (card["terms"], card["limits"]) == ("public domain", ["one portrait"])
    assert card["calibrated_on"] == {"faces.parquet": ["val"]}
    assert card["initial_weights"] is None
    assert {"mien", "torch"} <= set(card["environment"])
    assert card["data"] == [
        {"file": "faces.parquet", "source": "astronaut", "terms": "public domain",
         "faces": {"train": 14, "val": 6, "test": 36}}
    ]  # fmt: skip


def test_measures_on_the_card_are_those_of_evaluate(exported: Path, tiny: Any) -> None:
    card = card_of(exported)
    report = evaluate_file(exported, tiny.folder / "faces.parquet", ["test"])
    assert card["metrics"] == [json.loads(json.dumps(report.to_dict()))]
    assert card["summary"] == [_line(report)]
    assert card["summary"][0].startswith("faces test: error / outer eye distance 0.")
    assert card["summary"][0].endswith("(36 faces)")


def test_card_names_no_folder(exported: Path, trained: Path, tiny: Any) -> None:
    text = exported.with_suffix(".json").read_text(encoding="utf-8")
    for folder in (tiny.folder, trained, exported.parent, Path(__file__).parent):
        assert str(folder) not in text


def test_recipe_on_the_card_is_the_one_that_was_run(exported: Path, trained: Path) -> None:
    recipe = read_run(trained)
    for name, value in card_of(exported)["recipe"].items():
        assert json.loads(recipe.model_dump_json())[name] == value
    assert card_of(exported)["recipe"]["epochs"] == 2


def test_card_of_a_head_is_calibrated_on_the_validation_faces(
    export_head: Callable[..., Path], with_landmarks: Callable[[], Any], make_recipe: Callable[..., Any]
) -> None:
    path = export_head("age")
    card = card_of(path)
    assert card["crop"] == {"kind": "aligned", "size": 48, "scale": 0.36}
    recipe = make_recipe(name="age", task="age", crop={"kind": "aligned", "size": 48})
    with with_landmarks():
        prepared = load_sets(recipe)
    outputs, labels = predict(Model(path, 1), recipe, prepared)
    assert len(outputs["age"]) == 6
    decoding = calibrate("age", outputs, labels, known={"head": "laplace"})
    factors = {name: card["decoding"].pop(name) for name in ("detail_edges", "detail_factors")}
    assert card["decoding"] == pytest.approx(decoding)
    assert len(factors["detail_edges"]) == len(factors["detail_factors"]) - 1
    assert card["detail"] is True
    assert labels["set"].tolist() == [0] * 6
    assert [row["name"] for row in card["metrics"][0]["rows"]][:2] == ["MAE", "CS@5"]


def test_predictions_for_calibration_are_the_networks(exported: Path, trained: Path) -> None:
    recipe = read_run(trained)
    prepared = load_sets(recipe)
    outputs, labels = predict(Model(exported, 1), recipe, prepared)
    model = trained_model(recipe, trained)
    fold(model)
    round_to_half(model)
    data = FaceDataset(prepared.sets, prepared.rows["val"], recipe.crop, {"landmarks": 136, "pose": 3})
    with torch.no_grad():
        expected = model(normalise(torch.stack([data[i]["image"] for i in range(6)])))
    assert outputs["landmarks"] == pytest.approx(expected[0].numpy(), abs=1e-4)
    assert labels["pose"] == pytest.approx(np.stack([data[i]["pose"].numpy() for i in range(6)]))


def test_card_of_an_expression_network_carries_evidence_learned_from_votes(
    export_head: Callable[..., Path], with_landmarks: Callable[[], Any], tiny: Any
) -> None:
    sets = [Source(file="faces.parquet"), Source(file="faces.parquet", splits={"train": ["val"]})]
    path = export_head("expression", display=sets)
    card = card_of(path)
    told = card["evidence_fitted_on"]
    assert [part["file"] for part in told] == ["faces.parquet"] * 2
    assert told[0]["faces"] > told[1]["faces"] > 0
    assert card["decoding"]["codes"] == list(CODES)
    evidence = EvidenceModel.from_dict(card["decoding"]["evidence"])
    assert evidence.classes == DISPLAYS
    assert (evidence.weights >= 0).all()
    assert not evidence.weights[DISPLAYS.index("neutral")].any()
    names = [row["name"] for row in card["metrics"][0]["rows"]]
    assert names[:4] == [
        "macro-F1 by Action Units", "accuracy by Action Units", "smile AUC (AU12)", "macro-F1, direct"
    ]  # fmt: skip
    assert "mean AUC of 4 Action Units" in names
    with with_landmarks():
        head = Head(path)
        report = evaluate_file(path, tiny.folder / "faces.parquet", "test", rounds=2)
    assert head.evidence is not None
    assert report.rows[0].value == card["metrics"][0]["rows"][0]["value"]


@pytest.mark.slow
def test_thresholds_come_from_coded_faces_and_are_cross_validated(export_head: Callable[..., Path]) -> None:
    card = card_of(export_head("expression", name="coded", thresholds=Source(file="faces.parquet")))
    report = card["thresholds"]
    assert report["file"] == "faces.parquet"
    assert report["folds"] == 3
    for code, score in report["units"].items():
        assert 0 <= score["ECE"] <= 1
        k = CODES.index(code)
        assert 0.2 <= card["decoding"]["threshold"][k] <= 0.6
    others = [t for code, t in zip(CODES, card["decoding"]["threshold"], strict=True) if code not in report["units"]]
    assert set(others) == {0.5}


def test_card_of_an_attractiveness_network_knows_its_pool(export_head: Callable[..., Path]) -> None:
    sources = [Source(file="faces.parquet", shift=True)]
    options = {"level": 0.2}
    card = card_of(export_head("attractiveness", pool="P", epochs=12, lr=0.03, sources=sources, task_options=options))
    shift = card["label_shift"]["rating"]["faces"]
    assert shift["offset"] == pytest.approx(3, abs=0.6)
    assert shift["scale"] > 0
    assert card["decoding"]["pool"] == "P"
    assert len(card["decoding"]["quantiles"]) == 101
    assert card["decoding"]["std"] > 0
    names = [row["name"] for row in card["metrics"][0]["rows"]]
    assert names[:2] == ["SRCC", "PLCC"]
    assert names[2].startswith("MAE of the mean rating")
    assert card["metrics"][0]["rows"][0]["faces"] == 36


def test_card_of_several_tasks_has_a_decoding_each_and_measures_those_with_labels(
    make_recipe: Callable[..., Any],
    train: Callable[..., Path],
    with_landmarks: Callable[[], Any],
    tiny: Any,
    tmp_path: Path,
) -> None:
    task = "age+classification:sex"
    options = {"classification:sex": {"column": "gender"}}
    crop = {"kind": "aligned", "size": 48}
    with with_landmarks():
        run = train(make_recipe(name="both", task=task, task_options=options, crop=crop, epochs=1))
        path = export_run(run, tmp_path)
        report = evaluate_file(path, tiny.folder / "faces.parquet", ["test"])
    card = card_of(path)
    assert card["outputs"] == ["age", "classification:sex"]
    assert set(card["decoding"]["age"]) == {
        "head", "coverage", "band_edges", "band_quantiles", "detail_edges", "detail_factors",
    }  # fmt: skip
    sex = card["decoding"]["classification:sex"]
    assert (sex["classes"], sex["column"]) == (["female", "male"], "gender")
    assert sex["temperature"] != 1.0
    assert card["metrics"] == [json.loads(json.dumps(report.to_dict()))]
    names = [row["name"] for row in card["metrics"][0]["rows"]]
    assert {"age: MAE", "classification:sex: accuracy", "classification:sex: ECE"} <= set(names)
    groups = [row["name"] for row in card["metrics"][0]["groups"]]
    assert any(name.startswith("age: MAE, |yaw|") for name in groups)
    assert any(name.startswith("classification:sex: accuracy, |yaw|") for name in groups)


def test_crops_of_a_split_are_drawn_once_and_in_order(trained: Path) -> None:
    recipe = read_run(trained)
    prepared = load_sets(recipe)
    (crops, labels), *more = read_crops(recipe, prepared, "train")
    assert not more
    assert crops.shape == (14, 48, 48, 3)
    assert set(labels) == {"landmarks", "pose", "set"}
    (some, few), *_ = read_crops(recipe, prepared, "train", 5)
    assert len(some) == len(few["pose"]) == 5
    places = [int(np.flatnonzero((crops == crop).all((1, 2, 3)))[0]) for crop in some]
    assert places == sorted(set(places))
    assert labels["pose"][places] == pytest.approx(few["pose"])


@pytest.mark.slow
def test_a_source_without_a_split_column_is_measured_on_the_rows_drawn_for_the_test(
    make_recipe: Callable[..., Any], train: Callable[..., Path], tiny: Any, tmp_path: Path
) -> None:
    table = pq.read_table(tiny.folder / "faces.parquet").drop_columns(["split"])
    pq.write_table(table, tmp_path / "loose.parquet")
    source = Source(file="loose.parquet", group="id", fractions={"val": 0.2, "test": 0.3})
    run = train(make_recipe(name="loose", data_dir=tmp_path, sources=[source], epochs=1))
    path = export_run(run, tmp_path / "out")
    prepared = load_sets(read_run(run))
    rows = prepared.sets[0].row[prepared.rows["test"][0]]
    report = evaluate_file(path, tmp_path / "loose.parquet", "test", rows=rows)
    assert 8 < len(rows) < 28
    assert card_of(path)["metrics"] == [json.loads(json.dumps(report.to_dict()))]


def test_amending_a_card_keeps_the_rest(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.onnx"
    path.with_suffix(".json").write_bytes(exported.with_suffix(".json").read_bytes())
    amend_card(path, quantisation={"method": "none"})
    assert card_of(path) == {**card_of(exported), "quantisation": {"method": "none"}}


def test_model_and_card_belong_together(exported: Path) -> None:
    card = Model(exported).card
    assert (card.name, card.size, card.outputs) == ("tiny", 48, ("landmarks", "pose"))


def test_summary_says_the_first_measure_in_words_and_nothing_of_what_is_undefined() -> None:
    report = Report("m", "set", "test", 12, 10, [Row("MAE", 5.4321, 5.0, 6.0, 9), Row("r", 0.5, None, None, 9)])
    assert _line(report) == "set test: MAE 5.43 (9 faces)"
    assert _line(replace(report, rows=[Row("MAE", float("nan"), None, None, 0)])) == ""


def test_a_card_names_no_folder_of_the_machine(make_recipe: Callable[..., Any]) -> None:
    recipe = make_recipe(pseudo="/somewhere/runs/first/first.onnx")
    assert _recipe(recipe)["pseudo"] == "first.onnx"
    assert _recipe(make_recipe())["pseudo"] is None
