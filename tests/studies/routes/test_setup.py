"""The folder that the studies of routes need: what is missing is named, with how it is made."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.errors import InputError
from mien.studies import registry
from mien.studies.routes import setup as study
from mien.synthesis.dataset import MODEL, PEOPLE

STUDIES = ("au-or-classes", "landmarks-under-pose")


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def test_all_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, PEOPLE)
    with pytest.raises(InputError) as error:
        study.find_files(tmp_path)
    said = str(error.value)
    assert all(name in said for name in (study.VOTES, MODEL, "direct.onnx", "mien train recipes/direct.yaml"))
    assert PEOPLE not in said


def test_models_of_the_folder_come_before_those_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, run = tmp_path / "data", tmp_path / "runs" / "direct"
    data.mkdir()
    run.mkdir(parents=True)
    fill(data, study.VOTES, MODEL, PEOPLE)
    fill(run, "direct.onnx")
    with pytest.raises(InputError, match=r"direct\.onnx"):
        study.find_files(data)
    fill(run, "direct.json")
    found = study.find_files(data)
    assert found.direct.resolve() == run / "direct.onnx"
    assert found.expression == "expression"
    fill(data, "direct.onnx", "direct.json", "expression.onnx", "expression.json")
    found = study.find_files(data)
    assert (found.direct, found.expression) == (data / "direct.onnx", data / "expression.onnx")


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("data", [None, Path("faces.parquet")])
def test_these_studies_need_a_folder(name: str, data: Path | None) -> None:
    said = None if data is None else repr(str(data))
    with pytest.raises(InputError, match=rf"'data' must be a folder for '{name}', --data FOLDER. Got {said}"):
        registry.run_study(name, data=data)
