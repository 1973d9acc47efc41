"""`mien data synthesize` from the command line."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("numba", reason="mien data synthesize needs mien[train]")
pytest.importorskip("pydantic")
pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from tests.fixtures.made_up_head import write_assets

from mien.cli import app
from mien.errors import InputError, MissingDependencyError

RECIPE = Path(__file__).parents[2] / "recipes" / "synthesis.yaml"


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, ["data", "synthesize", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_recipe_with_overrides_becomes_a_file(tmp_path: Path) -> None:
    write_assets(tmp_path)
    out = tmp_path / "out.parquet"
    said = run(RECIPE, f"assets={tmp_path}", f"out={out}", "n=4", "size=48", "workers=1", "pose.yaw_limit=0")
    assert said.split() == [str(out)]
    table = pq.read_table(out)
    assert table.num_rows == 4
    assert not any(table.column("yaw").to_pylist())
    result = CliRunner().invoke(app, ["data", "check", str(out), "--group", "person"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "labels: action_units (4), action_units_sides (4), landmarks (4), pose (4)" in result.output


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pose\.yow: .*Did you mean 'yaw'"):
        run(RECIPE, "pose.yow=3")
    with pytest.raises(InputError, match=r"'assets' must hold synthetic_heads_model\.npz"):
        run(RECIPE, f"assets={tmp_path}", f"out={tmp_path / 'out.parquet'}")
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_said_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mien.synthesis.dataset", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mien\[train\]'"):
        run(RECIPE)


def test_people_need_the_photos_and_the_teacher(tmp_path: Path) -> None:
    write_assets(tmp_path)
    result = CliRunner().invoke(app, ["data", "people", str(tmp_path), str(tmp_path / "people.parquet")])
    assert isinstance(result.exception, InputError)
    assert "'assets' must hold blendshapes.parquet" in str(result.exception)
    assert not (tmp_path / "people.parquet").exists()


def test_the_old_name_works_and_says_the_new_one(tmp_path: Path) -> None:
    write_assets(tmp_path)
    words = [str(RECIPE), f"assets={tmp_path}", f"out={tmp_path / 'out.parquet'}", "n=1", "size=48", "workers=1"]
    result = CliRunner().invoke(app, ["data", "heads", *words])
    assert result.exit_code == 0
    assert "is now 'mien data synthesize'" in result.stderr
