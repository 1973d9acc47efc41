"""What teachers say: of clean pictures as they want them, once, resumably, and nothing that their card does not say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")
pytest.importorskip("pyarrow")
pytest.importorskip("onnx")

from tests.fixtures.tiny_teacher import colors_of, shares_of, write_teacher

from mien.datasets.crop import Crop
from mien.errors import InputError
from mien.train.data import soft_targets as module
from mien.train.data.dataset import FaceSet, prepare
from mien.train.data.soft_targets import soft_targets
from mien.train.data.teacher_card import read_teacher
from mien.train.recipe import Recipe

ROWS = np.arange(3, 17)


@pytest.fixture(scope="module")
def plain(make_recipe: Callable[..., Any]) -> Recipe:
    return make_recipe(crop=Crop(kind="aligned", size=48, scale=0.36, zoom=1.25), task="age")


@pytest.fixture(scope="module")
def faces(plain: Recipe, landmarker: Any) -> FaceSet:
    return prepare(plain, plain.sources[0], landmarker)


def asked(plain: Recipe, tmp_path: Path, **card: Any) -> Recipe:
    return plain.model_copy(update={"cache_dir": tmp_path, "teachers": [write_teacher(tmp_path, **card)]})


def read(recipe: Recipe, faces: FaceSet) -> dict[str, Any]:
    return soft_targets(recipe, recipe.sources[0], faces, ROWS)


@pytest.mark.parametrize("logits", [False, True])
def test_the_teacher_sees_clean_crops_of_its_own_kind(
    plain: Recipe, faces: FaceSet, tmp_path: Path, logits: bool
) -> None:
    card: dict[str, Any] = {"softmax": not logits}
    recipe = asked(plain, tmp_path, **card)
    if logits:
        text = (tmp_path / "tiny.yaml").read_text()
        (tmp_path / "tiny.yaml").write_text(text.replace("tensor: logits", "tensor: logits\n    logits: true"))
    found = read(recipe, faces)
    assert set(found) == {"tiny/age", "tiny/colors"}
    others = np.setdiff1d(np.arange(len(faces)), ROWS)
    assert all(np.isnan(value[others]).all() for value in found.values())
    np.testing.assert_allclose(found["tiny/age"][ROWS], shares_of(faces.crops[ROWS]), atol=0.01)
    np.testing.assert_allclose(found["tiny/colors"][ROWS], colors_of(faces.crops[ROWS]), atol=0.03)


def test_another_size_shows_the_same_part_of_the_face(plain: Recipe, faces: FaceSet, tmp_path: Path) -> None:
    found = read(asked(plain, tmp_path, size=30), faces)
    np.testing.assert_allclose(found["tiny/colors"][ROWS], colors_of(faces.crops[ROWS]), atol=0.06)


def test_a_killed_reading_goes_on_and_a_finished_one_is_not_repeated(
    plain: Recipe, faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = asked(plain, tmp_path)
    monkeypatch.setattr(module, "_BATCH", 4)
    monkeypatch.setattr(module, "_FLUSH", 4)
    seen: list[int] = []
    run = module.TeacherNetwork._run

    def run_or_die(self: Any, crops: Any) -> Any:
        seen.append(len(crops))
        if len(seen) == 3:
            raise RuntimeError("killed")
        return run(self, crops)

    monkeypatch.setattr(module.TeacherNetwork, "_run", run_or_die)
    with pytest.raises(RuntimeError, match="killed"):
        read(recipe, faces)
    assert not [path for path in tmp_path.glob("faces-tiny-*") if not path.name.endswith((".partial", ".lock"))]
    found = read(recipe, faces)
    assert seen == [4, 4, 4, 4, 2]
    np.testing.assert_allclose(found["tiny/age"][ROWS], shares_of(faces.crops[ROWS]), atol=0.01)
    read(recipe, faces)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"softmax": False}, "says 'logits: true'"),
        ({"outputs": {"age": {"tensor": "years", "kind": "number"}}}, "'tensor' of 'age' must be an output"),
        ({"chanels": "RGB"}, "Did you mean 'channels'"),
    ],
)
def test_a_card_that_does_not_fit_is_an_error(
    plain: Recipe, faces: FaceSet, tmp_path: Path, card: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(asked(plain, tmp_path, **card), faces)


def test_what_cannot_be_asked_is_an_error(plain: Recipe, faces: FaceSet, tmp_path: Path) -> None:
    recipe = asked(plain, tmp_path)
    with pytest.raises(InputError, match=r"'crop.kind' must be 'aligned'"):
        read(recipe.model_copy(update={"crop": Crop(kind="square", size=48)}), faces)
    teacher = recipe.teachers[0]
    with pytest.raises(InputError, match="'weights' of the teacher 'tiny' must be of age, colors"):
        read_teacher(teacher.model_copy(update={"weights": {"years": 1.0}}))
    with pytest.raises(InputError, match="'file' of a teacher"):
        read_teacher(teacher.model_copy(update={"file": tmp_path / "none.onnx"}))
