"""Two processes that train together end where a single one with twice the batch does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")

from mien.train.engine import trainer  # noqa: E402

_SCRIPT = """
import sys
from mien.train.recipe import Recipe
from mien.train.engine import trainer
from tests.train.engine.test_data_parallel import without_batch_statistics

build = trainer.build_model
trainer.build_model = lambda recipe, task: without_batch_statistics(build(recipe, task))
trainer.fit(Recipe.model_validate_json(open(sys.argv[1]).read()), resume=False)
"""
_PLAIN = dict.fromkeys(
    ("shift", "scale", "rotation", "alignment", "gray", "color", "blur", "low_resolution", "noise", "jpeg", "occlusion")
    + ("contrast",),
    0.0,
)


def without_batch_statistics(model: Any) -> Any:
    """The network with group norms: batch norms see the batch of their own process only, and would differ."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d):
                setattr(module, name, torch.nn.GroupNorm(1, child.num_features))
    return model


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_two_processes_end_as_twice_the_batch(
    make_recipe: Callable[..., Any], train: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = {"augment": {"flip": False, **_PLAIN}, "accelerator": "cpu", "tensorboard": False, "precision": "32-true"}
    build = trainer.build_model
    monkeypatch.setattr(trainer, "build_model", lambda *given: without_batch_statistics(build(*given)))
    alone = train(make_recipe(batch_size=4, **common))
    recipe = make_recipe(batch_size=2, devices=2, **common)
    (tmp_path / "script.py").write_text(_SCRIPT)
    (tmp_path / "recipe.json").write_text(recipe.model_dump_json())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    result = subprocess.run(
        [*command, tmp_path / "script.py", tmp_path / "recipe.json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *filter(None, sys.path)])},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    weights = [
        torch.load(run, weights_only=True) for run in (alone / "weights.pt", *Path(recipe.run_dir).rglob("weights.pt"))
    ]
    assert len(weights) == 2
    start = without_batch_statistics(build(recipe, trainer.task_of(recipe))).state_dict()
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, atol=1e-4, rtol=1e-3)
    assert any(not torch.allclose(start[name], value, atol=1e-3) for name, value in weights[0].items())
