"""A run with a teacher, a label shift and rates of its own: what it learns, and what it leaves out of the network."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")
pytest.importorskip("onnx")

import numpy as np
import torch
from tests.fixtures.tiny_teacher import write_teacher

from mien.errors import InputError
from mien.train.data.faceset import FaceSet
from mien.train.data.teacher_card import TeacherOutput
from mien.train.engine import teaching
from mien.train.engine.loaders import Prepared
from mien.train.engine.module import FaceModule
from mien.train.engine.rates import rate_groups
from mien.train.engine.shifts import Shifts, read_shift, read_shifts
from mien.train.engine.teaching import Lesson, Teaching, with_soft_targets
from mien.train.engine.trainer import build_model
from mien.train.recipe import Recipe, Source
from mien.train.tasks import create_task

CROP = {"kind": "aligned", "size": 48, "scale": 0.36, "zoom": 1.25}
AGE = TeacherOutput(tensor="ages", kind="distribution", teaches="age", first=10, step=15)


@pytest.fixture(scope="module")
def taught(
    make_recipe: Callable[..., Any],
    train: Callable[..., Path],
    landmarker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Recipe, Path]:
    teacher = write_teacher(tmp_path_factory.mktemp("teacher"))
    recipe = make_recipe(
        name="taught", task="age", task_options={"head": "dldl"}, crop=CROP, teachers=[teacher], freeze=1,
        sources=[Source(file="faces.parquet", shift=True)], lr_scale=0.5, layer_decay=0.9, epochs=2,
    )  # fmt: skip
    return recipe, train(recipe, landmarker=landmarker)


def test_losses_of_lessons_are_told_and_their_maps_left_out(taught: tuple[Recipe, Path]) -> None:
    recipe, run = taught
    rows = list(csv.DictReader((run / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    for name in ("loss tiny/age", "loss tiny/colors"):
        assert all(float(row[name]) > 0 for row in rows if row[name])
        assert any(row[name] for row in rows)
    weights = torch.load(run / "weights.pt", weights_only=True)
    assert weights.keys() == build_model(recipe, create_task("age", head="dldl")).state_dict().keys()


def test_shifts_and_origins_are_kept_beside_the_weights(taught: tuple[Recipe, Path]) -> None:
    _, run = taught
    told = read_shifts(run)["age"]
    assert set(told) == {"faces"}
    assert any(told["faces"]["offsets"])
    assert read_shift(told["faces"]).to_label(torch.tensor([30.0])).isfinite().all()
    (teacher,) = json.loads((run / "origins.json").read_text())["teachers"]
    assert (teacher["name"], teacher["terms"], len(teacher["sha256"])) == ("tiny", "public domain", 64)


def module_of(**changes: Any) -> FaceModule:
    recipe = Recipe(name="x", task="age", sources=[], backbone="mobilenet_v1", width=0.25, crop=CROP, **changes)
    task = create_task("age")
    return FaceModule(build_model(recipe, task), task, recipe, 10)


def test_rates_fall_from_the_heads_to_the_first_layer() -> None:
    module = module_of(lr=0.1, lr_scale=0.5, layer_decay=0.8)
    rate = {id(p): group["lr"] for group in rate_groups(module, module.recipe) for p in group["params"]}
    assert len(rate) == len(list(module.parameters()))
    layers = module.model.backbone.layers
    for k, layer in enumerate(layers):
        expected = 0.1 * 0.5 * 0.8 ** (len(layers) - 1 - k)
        assert all(rate[id(p)] == pytest.approx(expected) for p in layer.parameters())
    assert {rate[id(p)] for p in module.model.heads.parameters()} == {0.1}
    assert len(rate_groups(module_of(), module_of().recipe)) == 2


def test_a_resting_backbone_has_no_gradient_and_keeps_its_norms() -> None:
    module = module_of(freeze=1)
    module.on_train_epoch_start()
    before = {name: value.clone() for name, value in module.model.backbone.state_dict().items()}
    module.model(torch.randn(4, 3, 48, 48))[0].sum().backward()
    after = module.model.backbone.state_dict()
    assert not [name for name, value in before.items() if not torch.equal(after[name], value)]
    assert all(p.grad is None for p in module.model.backbone.parameters())
    assert all(p.grad is not None for p in module.model.embedding.parameters())
    later = module_of(freeze=0)
    later.on_train_epoch_start()
    assert later.model.backbone.training
    assert all(p.requires_grad for p in later.model.backbone.parameters())


def test_the_first_layers_may_rest_to_the_end() -> None:
    module = module_of(frozen=2)
    module.on_train_epoch_start()
    layers = list(module.model.backbone.layers)
    assert [layer.training for layer in layers[:3]] == [False, False, True]
    assert not any(p.requires_grad for layer in layers[:2] for p in layer.parameters())
    assert all(p.requires_grad for layer in layers[2:] for p in layer.parameters())


@pytest.mark.parametrize("head", ["dldl", "laplace", "gaussian", "l1", "coral"])
def test_each_kind_of_head_learns_a_distribution(head: str) -> None:
    task = create_task("age", head=head)
    target = torch.tensor([[0.0, 0.1, 0.8, 0.1, 0.0], [0.9, 0.1, 0.0, 0.0, 0.0], [torch.nan] * 5])
    output = torch.zeros(3, task.outputs["age"]).requires_grad_()
    optimizer = torch.optim.Adam([output], lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        task.distill(AGE, {"age": output}, target, 1.0).backward()
        optimizer.step()
    age = task.value({"age": output})
    assert age[0].item() == pytest.approx(40, abs=3)
    assert age[1].item() == pytest.approx(11, abs=4)
    assert torch.equal(output[2], torch.zeros_like(output[2]))


def test_features_that_the_teacher_has_are_met_from_the_start() -> None:
    lesson = Lesson("t/e", TeacherOutput(tensor="e", kind="embedding"), 6, 2.0, 1.0, "cosine")
    features, batch = torch.randn(4, 6), {"t/e": torch.randn(4, 6)}
    teaching = Teaching(create_task("age"), [lesson], 6)
    assert teaching({}, features, {"t/e": 3 * features})["t/e"].item() == pytest.approx(0, abs=1e-5)
    expected = 2 * (1 - torch.cosine_similarity(features, batch["t/e"])).mean()
    assert teaching({}, features, batch)["t/e"].item() == pytest.approx(expected.item(), abs=1e-5)


def test_labels_move_for_their_own_set_alone() -> None:
    shifts = Shifts("age", [(1, "old")])
    with torch.no_grad():
        shifts.curves[0].offsets.fill_(0.25)
    batch = {"age": torch.tensor([[30.0, 30.0], [30.0, 30.0], [20.0, 30.0]]), "set": torch.tensor([0, 1, 1])}
    moved = shifts.moved(batch)
    torch.testing.assert_close(moved["age"], torch.tensor([[30.0, 30.0], [25.0, 25.0], [15.0, 25.0]]))
    assert batch["age"][1, 0] == 30


def test_what_a_task_cannot_learn_is_an_error() -> None:
    with pytest.raises(InputError, match="'teaches' must be one of age"):
        create_task("age").check_teacher(AGE.model_copy(update={"teaches": "years"}))
    with pytest.raises(InputError, match="'kind' of a teacher's output must be one of distribution, number"):
        create_task("age").check_teacher(AGE.model_copy(update={"kind": "classes"}))


def test_an_output_with_the_weight_0_need_not_fit_the_task(
    make_recipe: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = write_teacher(tmp_path)
    prepared = Prepared([FaceSet("faces", np.zeros((2, 8, 8, 3), np.uint8), {}, {})], {"train": [np.arange(2)]})
    found = {"tiny/age": np.zeros((2, 5), np.float32), "tiny/colors": np.zeros((2, 3), np.float32)}
    monkeypatch.setattr(teaching, "soft_targets", lambda *_: found)
    task = create_task("attractiveness")
    with pytest.raises(InputError, match="'teaches' must be one of score"):
        with_soft_targets(make_recipe(task=task.name, teachers=[teacher]), task, prepared)
    silent = teacher.model_copy(update={"weights": {"age": 0.0}})
    _, lessons = with_soft_targets(make_recipe(task=task.name, teachers=[silent]), task, prepared)
    assert [lesson.label for lesson in lessons] == ["tiny/colors"]
