"""A set of rendered heads: the file, its people and splits, the labels of both sides, the same for any number of
processes. The head and its people are made up."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the renderer needs mien[train]")
pytest.importorskip("pydantic")
pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from tests.fixtures.made_up_head import write_assets, write_people

from mien.datasets.labels import labels_of
from mien.datasets.tables import decode, read_columns
from mien.errors import InputError
from mien.facs import CODES
from mien.parallel import one_by_one
from mien.synthesis import dataset as heads_dataset
from mien.synthesis.dataset import (
    Cast,
    load_cast,
    render_dataset,
    render_some,
    schema,
    side_intensities,
    split_people,
)
from mien.synthesis.head import Scene, render
from mien.synthesis.recipe import HeadsRecipe
from mien.synthesis.sampling import degrade, sample_scene, sample_shape


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_assets(tmp_path_factory.mktemp("assets"))
    write_people(folder / "more.parquet", 4, 1, split=["train", "train", "val", "test"])
    return folder


@pytest.fixture(scope="module")
def cast(assets: Path) -> Cast:
    return load_cast(small(assets))


def small(assets: Path, **changes: Any) -> HeadsRecipe:
    return HeadsRecipe(**({"assets": assets, "n": 12, "batch": 5, "size": 64, "seed": 3} | changes))


def test_a_row_is_the_scene_that_its_seed_draws(assets: Path, cast: Cast) -> None:
    recipe = small(assets)
    people = cast.pools[0]
    for index, row in enumerate(render_some(cast, recipe, range(4))):
        rng = np.random.default_rng([recipe.seed, index])
        person = people[rng.integers(len(people))]
        kin = [other for other in people if other.split == person.split]
        neutral = sample_shape(person, kin, rng)
        scene = sample_scene(recipe, kin, rng)
        drawn = render(cast.model, person, scene, recipe.size, neutral)
        image = decode(row["image"])
        assert image is not None
        np.testing.assert_allclose(image, degrade(drawn.image, recipe.camera, rng), atol=60)  # the file is compressed
        np.testing.assert_array_equal(row["landmarks"], drawn.landmarks.ravel())
        assert (row["person"], row["split"], row["yaw"]) == (person.name, person.split, scene.yaw)
        assert row["occluded"] == 0


def test_what_is_before_a_face_changes_nothing_else(assets: Path, cast: Cast) -> None:
    plain = list(render_some(cast, small(assets), range(30)))
    some = list(render_some(cast, small(assets, occluders={"share": 0.5}), range(30)))
    same = [before["image"] == after["image"] for before, after in zip(plain, some, strict=True)]
    assert 0.2 < np.mean(same) < 0.8
    assert not any(after["occluded"] for after, as_before in zip(some, same, strict=True) if as_before)
    assert any(row["occluded"] > 0 for row in some)
    for before, after in zip(plain, some, strict=True):
        assert all(before[name] == after[name] for name in before if name not in ("image", "occluded", "landmarks"))


def test_file_is_written_whole(assets: Path, tmp_path: Path) -> None:
    render_dataset(small(assets, out=tmp_path / "new" / "heads.parquet"))
    (out,) = (tmp_path / "new").iterdir()
    table = pq.read_table(out)
    assert (out.name, table.num_rows) == ("heads.parquet", 12)
    assert table.schema.equals(schema())
    assert b"CC BY 4.0" in table.schema.metadata[b"terms"]
    assert HeadsRecipe.model_validate_json(table.schema.metadata[b"recipe"]).seed == 3
    assert str(assets).encode() not in table.schema.metadata[b"recipe"]
    image = decode(table.column("image")[0].as_py())
    assert image is not None
    assert image.shape == (64, 64, 3)


def test_labels_are_those_of_both_sides(assets: Path, tmp_path: Path) -> None:
    render_dataset(small(assets, out=tmp_path / "heads.parquet", n=30, movement={"crooked": 1.0}))
    labels = labels_of(read_columns(tmp_path / "heads.parquet"))
    units, sides = labels["action_units"], labels["action_units_sides"]
    assert sides.shape == (30, len(CODES), 2)
    np.testing.assert_array_equal(sides.max(2), units)
    assert (sides[..., 0] != sides[..., 1]).any()
    assert labels["landmarks"].shape == (30, 68, 2)
    assert labels["pose"].shape == (30, 3)


def test_sides_are_as_the_face_shows_them() -> None:
    scene = Scene()
    for code, left, right in (("AU12", 1.2, 0.5), ("AU26", 1.0, 0.4), ("AU25", 0.9, 0.1)):
        scene.left[CODES.index(code)], scene.right[CODES.index(code)] = left, right
    sides = side_intensities(scene, 0.3)
    found = {code: sides[:, CODES.index(code)].tolist() for code in ("AU12", "AU26", "AU25", "AU04")}
    expected = {"AU12": [1.0, 0.5], "AU26": [0.7, 0.7], "AU25": [0.3, 0.3], "AU04": [0.0, 0.0]}
    assert found == {code: pytest.approx(values) for code, values in expected.items()}


def test_two_processes_draw_the_same_file(assets: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        render_dataset(small(assets, out=tmp_path / f"{workers}.parquet", workers=workers, occluders={"share": 0.3}))
    render_dataset(small(assets, out=tmp_path / "mapped.parquet", occluders={"share": 0.3}), one_by_one)
    one, two, mapped = (pq.read_table(tmp_path / f"{name}.parquet") for name in (1, 2, "mapped"))
    assert one.equals(two)
    assert one.equals(mapped)
    assert one.schema.metadata == two.schema.metadata


def test_a_picture_depends_on_seed_and_number_alone(assets: Path, cast: Cast) -> None:
    (third,) = render_some(cast, small(assets), range(2, 3))
    assert list(render_some(cast, small(assets), range(3)))[2]["image"] == third["image"]
    (other,) = render_some(cast, small(assets, seed=4), range(2, 3))
    assert other["image"] != third["image"]


def test_people_are_drawn_by_the_share_of_their_file(assets: Path) -> None:
    mixed = load_cast(small(assets, people=[{"file": "more.parquet", "share": 0.75}]))
    rng = np.random.default_rng(0)
    further = [mixed.draw(rng).name.startswith("more") for _ in range(400)]
    assert np.mean(further) == pytest.approx(0.75, abs=0.08)
    only = load_cast(small(assets, people=[{"file": "more.parquet", "share": 1}]))
    assert {person.name for people in only.kin.values() for person in people} == {f"more-{k:02d}" for k in range(4)}


def test_splits_of_a_file_of_people_are_kept_and_no_split_lends_another_its_looks(assets: Path, tmp_path: Path) -> None:
    recipe = small(assets, people=[{"file": "more.parquet", "share": 0.5}], out=tmp_path / "heads.parquet", n=30)
    mixed = load_cast(recipe)
    assert {p.name: p.split for p in mixed.pools[1]} == dict(
        zip([f"more-{k:02d}" for k in range(4)], ["train", "train", "val", "test"], strict=True)
    )
    own = [person.split for person in mixed.pools[0]]
    assert [own.count(name) for name in ("train", "val", "test")] == [10, 1, 1]
    assert all(person.split == split for split, people in mixed.kin.items() for person in people)
    render_dataset(recipe)
    assert b"more made up" in pq.read_schema(tmp_path / "heads.parquet").metadata[b"source"]


def test_split_is_that_of_the_people_whatever_the_seed(cast: Cast) -> None:
    unsplit = [replace(person, split=None) for person in cast.pools[0]]
    assert split_people(unsplit) == {person.name: person.split for person in cast.pools[0]}


def test_a_person_in_two_files_is_refused(assets: Path) -> None:
    twice = {"file": "more.parquet", "share": 0.3}
    write_people(assets / "again.parquet", 2, id=["again-00", "more-01"])
    with pytest.raises(InputError, match=r"different people\. Got 'more-01' again in again\.parquet"):
        load_cast(small(assets, people=[twice, {"file": "again.parquet", "share": 0.3}]))


@pytest.mark.parametrize(
    ("people", "missing"), [([], "synthetic_heads_model.npz"), ([{"file": "x.parquet", "share": 1}], "x.parquet")]
)
def test_missing_assets_are_named(assets: Path, tmp_path: Path, people: list[Any], missing: str) -> None:
    folder = tmp_path if missing.startswith("synthetic") else assets
    with pytest.raises(InputError, match=f"must hold {missing}"):
        render_dataset(small(folder, people=people, out=tmp_path / "heads.parquet"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_what_fails_leaves_no_file_and_says_why(assets: Path, tmp_path: Path, workers: int) -> None:
    write_people(tmp_path / "broken.parquet", 3, image=[b"no photo"] * 3)
    broken = [{"file": tmp_path / "broken.parquet", "share": 1}]
    with pytest.raises(InputError, match="encoded photo"):
        render_dataset(small(assets, people=broken, out=tmp_path / "heads.parquet", workers=workers))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.parquet"]


def test_an_interrupted_run_leaves_the_file_that_was_there(
    assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "heads.parquet"
    out.write_bytes(b"before")
    drawn: list[int] = []

    def row(*given: Any) -> Any:
        drawn.append(1)
        if len(drawn) > 7:
            raise KeyboardInterrupt
        return original(*given)

    original = heads_dataset._row
    monkeypatch.setattr(heads_dataset, "_row", row)
    with pytest.raises(KeyboardInterrupt):
        render_dataset(small(assets, out=out))
    assert out.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["heads.parquet"]
