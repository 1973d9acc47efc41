"""Training: what a run leaves behind, and that a killed one ends where an unbroken one does."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")

import torch

from mien.errors import InputError, MienError
from mien.train.engine import runs
from mien.train.engine import trainer as engine
from mien.train.engine.module import FaceModule
from mien.train.engine.trainer import build_model, check_device, precision
from mien.train.recipe import Recipe
from mien.train.tasks import create_task


def weights_of(run: Path) -> dict[str, Any]:
    return torch.load(run / "weights.pt", weights_only=True)


def curves_of(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "metrics.csv").read_text(encoding="utf-8").splitlines()))


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first.keys() == second.keys()
    assert not [name for name in first if not torch.equal(first[name], second[name])]


@pytest.fixture(scope="module")
def unbroken(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> Path:
    return train(make_recipe(epochs=3, dropout=0.2))


def break_off(monkeypatch: pytest.MonkeyPatch, epoch: int, step: int) -> None:
    """Training dies at this step, counted from 0."""
    training_step = FaceModule.training_step

    def step_or_die(self: FaceModule, batch: Any, index: int) -> Any:
        if (self.current_epoch, index) == (epoch, step):
            raise RuntimeError("killed")
        return training_step(self, batch, index)

    monkeypatch.setattr(FaceModule, "training_step", step_or_die)


def test_a_run_leaves_recipe_environment_curves_and_weights(unbroken: Path) -> None:
    names = {path.name for path in unbroken.iterdir()}
    assert {"recipe.json", "environment.json", "metrics.csv", "weights.pt"} <= names
    assert Recipe(**json.loads((unbroken / "recipe.json").read_text())).epochs == 3
    environment = json.loads((unbroken / "environment.json").read_text())
    assert {"mien", "python", "torch", "lightning"} <= set(environment)
    rows = curves_of(unbroken)
    assert [row["epoch"] for row in rows if row["val_error"]] == ["0", "1", "2"]
    assert all(float(row["val_error"]) > 0 for row in rows if row["val_error"])


def test_the_weights_are_the_averaged_ones_and_fit_the_network(unbroken: Path) -> None:
    recipe = Recipe(**json.loads((unbroken / "recipe.json").read_text()))
    build_model(recipe, create_task("landmarks")).load_state_dict(weights_of(unbroken))
    checkpoint = torch.load(unbroken / "last.ckpt", weights_only=False)
    name = "backbone.layers.0.0.weight"
    assert torch.equal(weights_of(unbroken)[name], checkpoint["state_dict"][f"model.{name}"])
    assert not torch.equal(weights_of(unbroken)[name], checkpoint["current_model_state"][f"model.{name}"])


def test_the_seed_decides_the_run(unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    assert_same(weights_of(train(make_recipe(epochs=3, dropout=0.2))), weights_of(unbroken))
    other = weights_of(train(make_recipe(epochs=3, dropout=0.2, seed=1)))
    assert not torch.equal(other["heads.landmarks.weight"], weights_of(unbroken)["heads.landmarks.weight"])


@pytest.mark.parametrize(
    ("epoch", "step"), [(1, 2), *(pytest.param(*place, marks=pytest.mark.slow) for place in ((1, 0), (2, 1)))]
)
def test_a_killed_run_goes_on_to_the_same_weights_and_curves(
    unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path], epoch: int, step: int
) -> None:
    recipe = make_recipe(epochs=3, dropout=0.2)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, epoch, step)
        with pytest.raises(RuntimeError, match=r"killed"):
            train(recipe)
    assert not (recipe.run_dir / recipe.name / "weights.pt").exists()
    run = train(recipe)
    assert_same(weights_of(run), weights_of(unbroken))
    assert curves_of(run) == curves_of(unbroken)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # torch forks its workers
@pytest.mark.parametrize("task", [pytest.param("landmarks", marks=pytest.mark.slow), "attractiveness"])
def test_worker_processes_go_on_alike(
    make_recipe: Callable[..., Any], train: Callable[..., Path], tmp_path: Path, task: str
) -> None:
    sampler = "pairs" if task == "attractiveness" else "weighted"
    recipe = make_recipe(task=task, epochs=3, workers=1, sampler=sampler)
    whole = train(recipe.model_copy(update={"run_dir": tmp_path}))
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, 1, 1)
        with pytest.raises(RuntimeError, match="killed"):
            train(recipe)
    run = train(recipe)
    assert_same(weights_of(run), weights_of(whole))
    assert curves_of(run) == curves_of(whole)


def test_a_run_killed_before_its_first_checkpoint_starts_anew(
    unbroken: Path, make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    recipe = make_recipe(epochs=3, dropout=0.2)
    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, 0, 2)
        with pytest.raises(RuntimeError, match=r"killed"):
            train(recipe)
    assert_same(weights_of(train(recipe)), weights_of(unbroken))


def test_a_finished_run_is_left_as_it_is_and_a_fresh_one_forgets_it(
    make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    recipe = make_recipe()
    run = train(recipe)
    before, curves = weights_of(run), curves_of(run)
    train(recipe)
    assert_same(weights_of(run), before)
    assert curves_of(run) == curves
    train(recipe, resume=False)
    assert_same(weights_of(run), before)
    assert curves_of(run) == curves


def test_training_makes_the_loss_smaller(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    rows = [row for row in curves_of(train(make_recipe(epochs=8, lr=0.03))) if row["val_error"]]
    # 0.23 to 0.40 of it is left with other seeds and other orders of summation
    assert float(rows[-1]["val_error"]) < 0.7 * float(rows[0]["val_error"])


def test_aligned_crops_and_another_task(
    make_recipe: Callable[..., Any], train: Callable[..., Path], landmarker: Any
) -> None:
    recipe = make_recipe(task="age", crop={"kind": "aligned", "size": 48}, balance="age", epochs=1)
    run = train(recipe, landmarker=landmarker)
    assert curves_of(run)[-1]["val_mae"]
    assert "heads.age.weight" in weights_of(run)


def test_a_run_starts_from_the_weights_of_another(unbroken: Path, make_recipe: Callable[..., Any]) -> None:
    model = build_model(make_recipe(task="age", init=unbroken / "weights.pt"), create_task("age"))
    name = "backbone.layers.0.0.weight"
    assert torch.equal(model.state_dict()[name], weights_of(unbroken)[name])
    assert model.backbone.layers[3][0].weight.is_contiguous(memory_format=torch.channels_last)


def test_norms_and_biases_do_not_decay(make_recipe: Callable[..., Any]) -> None:
    recipe, task = make_recipe(), create_task("landmarks")
    model = build_model(recipe, task)
    (optimizer,), (schedule,) = FaceModule(model, task, recipe, 10).configure_optimizers()
    decayed, plain = optimizer.param_groups
    assert all(p.ndim > 1 for p in decayed["params"])
    assert decayed["weight_decay"] == recipe.weight_decay
    assert plain["weight_decay"] == 0
    assert len(decayed["params"]) + len(plain["params"]) == len(list(model.parameters()))
    assert schedule["interval"] == "step"


def test_precision_without_a_gpu_is_full() -> None:
    assert precision("bf16-mixed") == "bf16-mixed"
    assert precision("32-true") == "32-true"
    if not torch.cuda.is_available():
        assert precision("auto") == "32-true"


def test_a_run_stops_when_validation_gets_no_better(
    make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    run = train(make_recipe(epochs=30, lr=1e-9, early_stop=2))
    assert max(int(row["epoch"]) for row in curves_of(run) if row["epoch"]) < 10


@pytest.mark.slow
def test_the_best_weights_are_kept(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    run = train(make_recipe(epochs=4, lr=0.3, warmup=0.0, ema=0.0, keep="best"))
    errors = [float(row["val_error"]) for row in curves_of(run) if row["val_error"]]
    best = torch.load(run / "best.ckpt", weights_only=False)
    assert best["epoch"] == int(np.argmin(errors))
    name = "backbone.layers.0.0.weight"
    assert torch.equal(weights_of(run)[name], best["state_dict"][f"model.{name}"])


def test_curves_are_drawn_and_logged(unbroken: Path) -> None:
    assert (unbroken / "curves.png").stat().st_size > 10_000
    assert list((unbroken / "tensorboard").glob("events.out.tfevents.*"))


@pytest.mark.parametrize(
    "mix",
    [
        pytest.param({"mixup": 0.4}, marks=pytest.mark.slow),
        pytest.param({"cutmix": 1.0}, marks=pytest.mark.slow),
        {"mixup": 0.4, "cutmix": 1.0},
    ],
)
def test_pictures_and_labels_are_mixed(make_recipe: Callable[..., Any], train: Callable[..., Path], mix: Any) -> None:
    run = train(make_recipe(task="age+classification:gender", epochs=1, **mix))
    assert float(curves_of(run)[-1]["val_age_mae"]) > 0


def test_landmarks_are_not_mixed(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"'mixup' and 'cutmix' must be 0 for 'landmarks': landmarks, pose cannot"):
        train(make_recipe(mixup=0.2))


def test_auxiliary_heads_train_and_are_left_behind(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    recipe = make_recipe(task="age", backbone="googlenet", width=1.0, epochs=1, aux=0.3, crop={"size": 64})
    run = train(recipe)
    assert not [name for name in weights_of(run) if name.startswith("aux.")]
    checkpoint = torch.load(run / "last.ckpt", weights_only=False)["state_dict"]
    assert [name for name in checkpoint if name.startswith("model.aux.1.")]
    with pytest.raises(InputError, match=r"'aux' must be 0 for 'mobilenet_v4_conv_small'"):
        train(make_recipe(task="age", aux=0.3))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said_before_anything_else(make_recipe: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"'accelerator' must be 'cpu' or 'auto'.* Got 'gpu'"):
        check_device(make_recipe(accelerator="gpu"))


def test_missing_initial_weights_are_refused(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"'init' must be the weights\.pt of a run, or an exported ONNX file"):
        train(make_recipe(init="nowhere/weights.pt"))


def test_a_run_of_another_recipe_is_not_gone_on_with(
    make_recipe: Callable[..., Any], train: Callable[..., Path]
) -> None:
    recipe = make_recipe(epochs=1)
    train(recipe)
    with pytest.raises(InputError, match=r"epochs was 1 and is 2\. Choose another `name`"):
        train(recipe.model_copy(update={"epochs": 2}))
    train(recipe.model_copy(update={"epochs": 2}), resume=False)


def test_a_full_disk_is_said_before_training(
    make_recipe: Callable[..., Any], train: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1e6}))
    with pytest.raises(InputError, match=r"must have .* MB free for checkpoints. Got 1 MB"):
        train(make_recipe())


def test_a_disk_that_fills_up_loses_no_checkpoint(make_recipe: Callable[..., Any], train: Callable[..., Path]) -> None:
    recipe = make_recipe(epochs=3, dropout=0.2)
    save = engine.L.Trainer.save_checkpoint

    def full(self: Any, *args: Any, **options: Any) -> None:
        if self.current_epoch == 1:
            raise OSError(28, "No space left on device")
        save(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.L.Trainer, "save_checkpoint", full)
        patch.setattr(engine, "check_space", lambda run, needed: runs.check_space(run, 10**18))
        with pytest.raises(MienError, match=r"Training stopped\. The disk of .* The same command then goes on"):
            train(recipe)
    kept = torch.load(recipe.run_dir / recipe.name / "last.ckpt", weights_only=False)
    assert kept["epoch"] == 0
    assert len({row["epoch"] for row in curves_of(train(recipe)) if row["val_error"]}) == 3


@pytest.mark.parametrize("steps", [1, 2, 10, 11])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
def test_any_number_of_steps_has_a_schedule(make_recipe: Callable[..., Any], steps: int, warmup: float) -> None:
    recipe, task = make_recipe(warmup=warmup), create_task("landmarks")
    (optimizer,), (schedule,) = FaceModule(build_model(recipe, task), task, recipe, steps).configure_optimizers()
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < steps:
            schedule["scheduler"].step()
    assert all(0 <= rate <= recipe.lr * (1 + 1e-6) for rate in rates)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_named(
    make_recipe: Callable[..., Any], train: Callable[..., Path], content: bytes, tmp_path: Path
) -> None:
    recipe = make_recipe()
    run = recipe.run_dir / recipe.name
    run.mkdir(parents=True)
    (run / "last.ckpt").write_bytes(content)
    with pytest.raises(InputError, match=r"last\.ckpt' must be a whole checkpoint\. Got a damaged file; .*--fresh"):
        train(recipe)
    (tmp_path / "weights.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.pt' must be the weights\.pt of a run\. Got a damaged file"):
        build_model(make_recipe(init=tmp_path / "weights.pt"), create_task("landmarks"))


def test_a_cut_checkpoint_is_named(unbroken: Path, tmp_path: Path) -> None:
    whole = (unbroken / "last.ckpt").read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-30]):
        (tmp_path / "last.ckpt").write_bytes(part)
        with pytest.raises(InputError, match="must be a whole checkpoint"):
            runs.read_checkpoint(tmp_path / "last.ckpt")


def test_curves_end_where_a_kill_cut_them(unbroken: Path, tmp_path: Path) -> None:
    text = (unbroken / "metrics.csv").read_bytes()
    rows = runs.read_curves(unbroken)
    last = text.rstrip().rfind(b"\n") + 1
    for end, count in ((last + 4, 1), (len(text) - 3, 1), (last, 1), (len(text), 0), (5, len(rows)), (0, len(rows))):
        (tmp_path / "metrics.csv").write_bytes(text[:end])
        assert runs.read_curves(tmp_path) == rows[: len(rows) - count]
    (tmp_path / "metrics.csv").write_bytes(text[:last] + b"1,\xff\n" + text[last:])
    assert runs.read_curves(tmp_path) == rows


def test_no_advertisement_and_no_hardware_in_the_output(
    make_recipe: Callable[..., Any], train: Callable[..., Path], caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level("INFO")
    train(make_recipe(epochs=1))
    shown = caplog.text + "".join(capfd.readouterr())
    assert not [word for word in ("Tip", "litlogger", "GPU", "TPU", "Trainer.fit") if word in shown]
    assert not runs.logging.getLogger("lightning.pytorch.utilities.rank_zero").filters
