"""The study of the bottleneck: variants differ in what votes may teach and in nothing else."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.studies.core.finding import Measured
from mien.studies.routes import bottleneck
from mien.studies.routes.bottleneck import AUC, DIRECT, FREE, FROZEN, LEAST, OPTIONS, QUICK, STUDY, THROUGH, judge


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, dict]:
    monkeypatch.setattr(bottleneck, "find_model", lambda name: tmp_path / f"{name}.onnx")
    made = {name: bottleneck.recipe_of(name, QUICK, tmp_path, tmp_path, 3) for name in OPTIONS}
    return {name: recipe.model_dump() for name, recipe in made.items()}


def test_variants_differ_in_the_task_alone(recipes: dict[str, dict]) -> None:
    options = {name: recipe.pop("task_options") for name, recipe in recipes.items()}
    assert recipes[THROUGH] == recipes[FREE] == recipes[DIRECT]
    assert options[THROUGH]["held_weight"] > options[FREE]["held_weight"] == 0
    assert options[DIRECT].get("through_evidence", 0) == 0 < options[DIRECT]["direct_weight"]
    assert recipes[THROUGH]["seed"] == 3


def test_verdict_compares_classes_with_and_without_the_bottleneck_and_units_held_or_not() -> None:
    def told(f1: float, auc: float) -> dict[str, Measured]:
        values = {"ferplus, macro-F1": f1, AUC: auc, LEAST: auc - 0.1}
        return {name: Measured((v, v + 0.001, v - 0.001)) for name, v in values.items()}

    found = {FROZEN: told(0.7, 0.93), THROUGH: told(0.85, 0.95), FREE: told(0.86, 0.9), DIRECT: told(0.85, 0.9)}
    lines = judge(found).splitlines()
    assert lines[0].startswith(f"ferplus, macro-F1: higher with {THROUGH} than with {FROZEN} (0.85 against 0.7;")
    assert f"no difference between {THROUGH} and {DIRECT}" in lines[1]
    assert any(line.startswith(f"{AUC}: higher with {THROUGH} than with {FREE}") for line in lines)


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "ferplus.parquet").touch()
    with pytest.raises(InputError, match=r"Missing in .*: press_faces\.parquet, fairface\.parquet"):
        STUDY.run(QUICK, (0,), tmp_path)
