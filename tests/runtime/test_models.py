"""A model and its card belong together; each way in which they may not is said in words."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fixtures.tiny_models import MEAN, SIZE, STD, crops_of, save

from mien.errors import InputError, ModelError
from mien.runtime import models as module
from mien.runtime.models import Model, embedded_cards, embedded_models, find_model, read_card
from mien.runtime.quality import detail

KEYS = ["name", "task", "crop", "mean", "std", "outputs", "decoding", "sha256"]
IDENTITY = {"score": np.eye(3)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path, "age", {"score": [0.0, 0.0, 0.0]}, weights=IDENTITY)


def test_the_card_says_how_pictures_go_in(path: Path) -> None:
    model = Model(path, 1)
    colors = [[0, 128, 255], [7, 8, 9]]
    found = model(crops_of(colors))
    assert list(found) == ["score"]
    assert found["score"] == pytest.approx((np.array(colors) - MEAN) / STD, abs=1e-5)
    assert found["score"].dtype == np.float32


def test_crops_of_any_number_and_unchanged(path: Path) -> None:
    model, crops = Model(path), crops_of([[1, 2, 3]] * 70)
    before = crops.copy()
    assert model(crops)["score"].shape == (70, 3)
    assert np.array_equal(crops, before)
    assert model(crops[:1])["score"] == pytest.approx(model(crops)["score"][:1])


def test_flip_is_the_mean_over_the_mirror_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(save(tmp_path, "age", {"score": [0.0]}, flip=True), 1)
    crops = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    monkeypatch.setattr(model, "_run", lambda seen: {"score": seen[:, :1, 0, 0].astype(np.float32)})
    left, right = crops[:, 0, 0, 0].astype(float), crops[:, 0, -1, 0].astype(float)
    assert model(crops)["score"][:, 0] == pytest.approx((left + right) / 2)


def test_a_card_may_ask_for_the_detail_of_the_crops(tmp_path: Path) -> None:
    model = Model(save(tmp_path, "age", {"score": [0.0]}, detail=True, flip=True), 1)
    crops = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    assert model(crops)["detail"][:, 0].tolist() == detail(crops).tolist()


def test_the_card(path: Path) -> None:
    card = Model(path).card
    assert (card.name, card.task, card.size, card.mean, card.std) == ("age", "age", SIZE, MEAN, STD)
    assert card.outputs == ("score",)
    assert card.template.size == SIZE
    assert card.template.scale == 0.36
    assert card.values["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_outputs_come_in_the_order_of_the_card(tmp_path: Path) -> None:
    biases = {"b": [1.0], "a": [2.0], "unused": [3.0, 4.0]}
    found = Model(save(tmp_path, "age", biases, outputs=["a", "b"]))(crops_of([[0, 0, 0]]))
    assert {name: value.tolist() for name, value in found.items()} == {"a": [[2.0]], "b": [[1.0]]}
    assert list(found) == ["a", "b"]


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_both_files_must_be_there(path: Path, suffix: str) -> None:
    path.with_suffix(suffix).unlink()
    with pytest.raises(ModelError, match=rf"side by side\. '.*age\{suffix}' is missing"):
        Model(path)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_card_is_needed(path: Path, key: str) -> None:
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    del card[key]
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"must have the keys {', '.join(KEYS)}\. Missing: {key}\."):
        Model(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"not a card"])
def test_a_card_must_be_json(path: Path, content: bytes) -> None:
    path.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError, match=r"The card '.*age\.json' must be JSON\. "):
        Model(path)


@pytest.mark.parametrize("content", ["[]", "3", "null", '"name task crop mean std outputs decoding sha256"'])
def test_a_card_must_be_an_object(path: Path, content: str) -> None:
    path.with_suffix(".json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"The card '.*age\.json' must have the keys "):
        Model(path)


def test_a_changed_file_does_not_belong_to_its_card(path: Path) -> None:
    weights = bytearray(path.read_bytes())
    weights[-1] ^= 1
    path.write_bytes(weights)
    found = hashlib.sha256(weights).hexdigest()
    with pytest.raises(ModelError, match=rf"the sha256 of its card, \w{{64}}\. Got {found}.*install mien again"):
        Model(path)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    content = b"no model"
    path = save(tmp_path, "age", {"score": [0.0]}, sha256=hashlib.sha256(content).hexdigest())
    path.write_bytes(content)
    with pytest.raises(ModelError, match="must be a valid ONNX file"):
        Model(path)


def test_other_outputs_than_the_card_promises(tmp_path: Path) -> None:
    path = save(tmp_path, "age", {"a": [0.0], "b": [0.0]}, outputs=["a", "c"])
    with pytest.raises(ModelError, match=r"must have the outputs \('a', 'c'\)\. Got \['a', 'b'\]\."):
        Model(path)


def test_models_are_found_by_name_or_by_path(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    save(tmp_path, "expression", {"score": [0.0]})
    assert embedded_models() == ["age", "expression"]
    assert [card.name for card in embedded_cards()] == ["age", "expression"]
    assert find_model("age") == path
    other = tmp_path / "elsewhere" / "mine.onnx"
    for given in (other, str(other)):
        assert find_model(given) == other
    wrong: Any
    for wrong in ("agee", "", Path("age.pt"), "age.json"):
        with pytest.raises(InputError, match=r"'model' must be one of age, expression, or a path to an \.onnx file"):
            find_model(wrong)


def test_what_travels_inside_fits_together() -> None:
    for name, card in zip(embedded_models(), embedded_cards(), strict=True):
        assert card.name == name
        assert json.loads(json.dumps(card.values)) == card.values
        assert Model(find_model(name), 1).card == card


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3),
        ("task", ["age"]),
        ("crop", {"size": 16.5, "scale": 0.4}),
        ("crop", {"size": 10**9, "scale": 0.4}),
        ("crop", {"size": 16, "scale": 2}),
        ("crop", {"kind": "square", "size": 16, "margin": 0.5}),
        ("mean", float("nan")),
        ("mean", "127"),
        ("std", 0),
        ("std", 10**400),
        ("outputs", []),
        ("outputs", [None]),
        ("decoding", []),
        ("sha256", None),
    ],
)
def test_values_of_a_card_that_cannot_be(path: Path, key: str, value: Any) -> None:
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    path.with_suffix(".json").write_text(json.dumps({**card, key: value}), encoding="utf-8")
    with pytest.raises(ModelError, match=rf"'{key}' of the card '.*age\.json' must be .* Got "):
        Model(path)


def test_a_card_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"The card '.*none\.json' must be JSON\. .*No such file"):
        read_card(tmp_path / "none.onnx")
