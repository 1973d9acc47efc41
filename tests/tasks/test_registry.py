"""Tasks by name, those of other packages among them; the page's own task is trained, exported and evaluated."""

import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.faces import Faces
from mien.tasks import Labels, Read, decode, decoding_of, list_tasks, registry, task_named, tasks_of

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


@pytest.fixture
def mouth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The task of docs/tasks.md as an installed package would bring it."""
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    (tmp_path / "mouth.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint("mouth", "mouth:MouthOpening", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    registry._others.cache_clear()
    yield
    registry._others.cache_clear()
    sys.modules.pop("mouth", None)


def test_names_and_kinds() -> None:
    assert list_tasks()[:5] == ("landmarks", "age", "expression", "emotion", "attractiveness")
    assert [task.name for task in tasks_of("age+classification:hat")] == ["age", "classification:hat"]
    for wrong in ("ages", "classification:", "classification", "", "age+"):
        with pytest.raises(InputError, match="'task' must be one of landmarks, age"):
            tasks_of(wrong)


def test_the_constants_of_a_task_stand_under_its_name_where_there_are_several() -> None:
    assert decoding_of("age", "age", {"head": "dldl"}) == {"head": "dldl"}
    assert decoding_of("age+emotion", "age", {"age": {"head": "dldl"}, "emotion": {}}) == {"head": "dldl"}


def test_a_task_of_another_package_is_decoded_and_measured(mouth: None) -> None:
    assert "mouth" in list_tasks()
    columns = decode("mouth", {"mouth": np.array([[0.4], [-1.0]], np.float32)}, {})
    assert columns["attributes"]["mouth"].value.tolist() == pytest.approx([0.4, 0])
    boxes = np.zeros((2, 4), np.float32)
    faces = Faces(boxes, boxes[:, 0], np.zeros((2, 5, 2), np.float32), attributes=columns["attributes"])
    assert task_named("mouth").metrics(Read(faces, {}, Labels({}, {}))) == {}
    labels = Labels({"mouth": np.array([[0.5], [np.nan]], np.float32)}, {})
    measured = task_named("mouth").metrics(Read(faces, {}, labels))["MAE"]
    assert measured.known.tolist() == [True, False]
    assert measured.on(np.array([0])) == pytest.approx(0.1)


def test_a_task_of_another_package_is_trained_and_exported(
    mouth: None, make_recipe: Callable[..., Any], train: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mien.datasets.crop import Crop
    from mien.evaluate.evaluator import evaluate_file
    from mien.train.export.exporter import export_run

    recipe = make_recipe(task="mouth", crop=Crop(size=48))
    table = pq.read_table(recipe.data_dir / "faces.parquet")
    opening = pa.array(np.linspace(0, 1, table.num_rows))
    pq.write_table(table.append_column("opening", opening), tmp_path / "faces.parquet")
    recipe = recipe.model_copy(update={"data_dir": tmp_path, "cache_dir": tmp_path / "cache"})
    export_run(train(recipe), tmp_path)
    report = evaluate_file(tmp_path / "tiny.onnx", tmp_path / "faces.parquet", "test")
    assert report.rows[0].name == "MAE"
    assert report.rows[0].value < 1
