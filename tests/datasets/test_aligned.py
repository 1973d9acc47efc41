"""Folders of aligned crops: what `mien data align` writes is what training reads."""

import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")
pytest.importorskip("pyarrow")

import pyarrow.parquet as pq

from mien.datasets.aligned import AlignedTable, write_aligned
from mien.datasets.crop import Crop
from mien.datasets.tables import ParquetTable, open_table
from mien.errors import InputError
from mien.geometry import apply_affine
from mien.train.data.dataset import prepare
from mien.train.recipe import Source

SQUARE = Crop(kind="square", size=48, zoom=1.25)


@pytest.fixture(scope="module")
def out(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aligned") / "crops"
    write_aligned(open_table(tiny.folder / "faces.parquet"), folder, SQUARE)
    return folder


def test_the_folder_holds_crops_places_labels_and_what_was_dropped(out: Path, tiny: Any) -> None:
    names = ["aligned.json", "crops.npy", "dropped.csv", "labels.parquet", "where.npz"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert [path.name for path in out.parent.iterdir()] == ["crops"]
    assert (out / "dropped.csv").read_text().splitlines() == [
        "row,name,reason", "3,face-03,unreadable", "7,face-07,no face",
    ]  # fmt: skip
    about = json.loads((out / "aligned.json").read_text())
    assert about["faces"] == len(tiny.good)
    assert about["dropped"] == {"unreadable": 1, "no face": 1}
    assert about["crop"] == {"kind": "square", "size": 48, "margin": 1.3, "zoom": 1.25}
    assert about["metadata"] == {"source": "astronaut", "terms": "public domain"}
    labels = pq.read_table(out / "labels.parquet")
    assert labels.column("row").to_pylist() == tiny.good.tolist()
    assert labels.column("id").to_pylist() == [f"face-{row:02d}" for row in tiny.good]
    matrix = np.array(labels.column("matrix").to_pylist(), np.float32).reshape(-1, 2, 3)
    assert np.array_equal(matrix, np.load(out / "where.npz")["matrix"])
    assert labels.schema.metadata[b"terms"] == b"public domain"


def test_it_gives_the_same_faces_as_the_set_it_was_cut_from(
    out: Path, make_recipe: Callable[..., Any], tiny: Any
) -> None:
    recipe = make_recipe(data_dir=out.parent)
    direct = prepare(make_recipe(), make_recipe().sources[0])
    aligned = prepare(recipe, Source(file="crops"))
    assert aligned.name == direct.name == "faces"
    assert np.array_equal(aligned.crops, direct.crops)
    assert isinstance(aligned.crops, np.memmap)
    assert aligned.labels.keys() == direct.labels.keys()
    for name, value in direct.labels.items():
        assert np.array_equal(aligned.labels[name], value, equal_nan=True), name
    assert aligned.columns["id"].tolist() == direct.columns["id"].tolist()
    assert aligned.row is not None
    assert aligned.row.tolist() == tiny.good.tolist()


def test_its_pictures_are_the_crops_and_its_landmarks_lie_in_them(out: Path, tiny: Any) -> None:
    table = open_table(out)
    assert isinstance(table, AlignedTable)
    matrix = table.crops.matrix
    columns, images = table.columns(), list(table.images())
    assert len(images) == len(table) == len(tiny.good)
    assert np.array_equal(images[4], table.crops.crops[4])
    for k, row in enumerate(tiny.good):
        expected = apply_affine(matrix[k], tiny.landmarks[row])
        assert columns["landmarks"][k].reshape(68, 2) == pytest.approx(expected, abs=1e-2)
    assert np.abs(columns["roll"]).max() < np.abs(tiny.pose[:, 2]).max()
    assert table.where(2) == "crops, row 2 (face-02)"
    assert table.metadata["terms"] == "public domain"


def test_another_crop_in_the_recipe_is_refused(out: Path, make_recipe: Callable[..., Any]) -> None:
    for change in ({"size": 56}, {"zoom": 1.5}, {"kind": "aligned"}):
        recipe = make_recipe(data_dir=out.parent, crop=SQUARE.model_copy(update=change))
        with pytest.raises(InputError, match="'crop' of the recipe must be that of"):
            prepare(recipe, Source(file="crops"))
    same = make_recipe(data_dir=out.parent, crop=SQUARE.model_copy(update={"scale": 0.5}))
    assert len(prepare(same, Source(file="crops")))  # square crops have no scale


def test_a_second_time_nothing_is_cut_and_another_set_is_refused(
    out: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("crops are there already")

    monkeypatch.setattr(ParquetTable, "images", never)
    table = open_table(tiny.folder / "faces.parquet")
    assert len(write_aligned(table, out, SQUARE).row) == len(tiny.good)
    with pytest.raises(InputError, match="'out' must be a new folder"):
        write_aligned(table, out, SQUARE.model_copy(update={"size": 56}))
    with pytest.raises(InputError, match="'out' must be a new or empty folder"):
        write_aligned(table, tiny.folder, SQUARE)


def test_a_killed_run_goes_on_when_asked_to_and_starts_anew_when_not(
    out: Path, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.datasets.crops.FLUSH_ROWS", 8)
    read, starts, limit = ParquetTable.images, [], [20]

    def dying(self: ParquetTable, wanted: Any = None, start: int = 0) -> Iterator[Any]:
        starts.append(start)
        for row, image in enumerate(read(self, wanted, start), start):
            if row == limit[0]:
                raise KeyboardInterrupt
            yield image

    monkeypatch.setattr(ParquetTable, "images", dying)
    table = open_table(tiny.folder / "faces.parquet")
    for resume in (False, True, False):
        with pytest.raises(KeyboardInterrupt):
            write_aligned(table, tmp_path / "set", SQUARE, resume=resume)
    limit[0] = 99
    found = write_aligned(table, tmp_path / "set", SQUARE, resume=True, workers=2)
    assert starts == [0, 16, 0, 16]
    assert np.array_equal(found.crops, AlignedTable(out).crops.crops)
    assert pq.read_table(tmp_path / "set" / "labels.parquet").equals(pq.read_table(out / "labels.parquet"))


def test_another_map_cuts_the_same_crops_and_goes_on(
    out: Path, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.datasets.crops.FLUSH_ROWS", 8)
    monkeypatch.setattr("mien.datasets.aligned._CHUNK", 16)
    table, given = open_table(tiny.folder / "faces.parquet"), []

    def mapped(make: Any, items: Iterable[range], stop: int = 99) -> Iterator[Any]:
        function = pickle.loads(pickle.dumps(make))()  # as for another machine
        for item in items:
            given.append(item)
            if item.start >= stop:
                raise KeyboardInterrupt
            yield function(item)

    with pytest.raises(KeyboardInterrupt):
        write_aligned(table, tmp_path / "set", SQUARE, mapped=partial(mapped, stop=16))
    crops = write_aligned(table, tmp_path / "set", SQUARE, resume=True, mapped=mapped)
    assert given[:3] == [range(0, 16), range(16, 32), range(16, 32)]
    assert np.array_equal(crops.crops, AlignedTable(out).crops.crops)
    assert pq.read_table(tmp_path / "set" / "labels.parquet").equals(pq.read_table(out / "labels.parquet"))


def test_a_folder_that_lost_a_file_is_refused(out: Path, tmp_path: Path) -> None:
    for name in ("aligned.json", "where.npz", "crops.npy"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    with pytest.raises(InputError, match=r"must be a whole folder of 'mien data align'\. Got no labels\.parquet"):
        open_table(tmp_path)
