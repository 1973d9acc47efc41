"""Recipes of synthetic heads: overrides reach inside, what cannot be drawn is refused with its key."""

from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="recipes need mien[train]")
pytest.importorskip("yaml")

from mien.errors import InputError
from mien.synthesis.prototypes import PROTOTYPES
from mien.synthesis.recipe import HeadsRecipe, load_heads_recipe


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "heads.yaml").write_text("assets: faces\npose: {yaw: 30}\n")
    return tmp_path / "heads.yaml"


def test_what_is_not_named_stays_as_it_is(written: Path) -> None:
    recipe = load_heads_recipe(written, ["pose.roll=3", "camera.distance=[50, 60]", "n=7"])
    assert (recipe.assets, recipe.n, recipe.camera.distance) == (Path("faces"), 7, (50, 60))
    assert (recipe.pose.yaw, recipe.pose.roll, recipe.pose.pitch) == (30, 3, HeadsRecipe().pose.pitch)
    assert recipe.movement.prototypes == tuple(PROTOTYPES.values())


def test_round_trip_through_json() -> None:
    recipe = HeadsRecipe(people=({"file": "more.parquet", "share": 0.25},), occluders={"share": 0.5, "bar": 0})
    assert HeadsRecipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("pose.yow=3", "pose.yow: .*Did you mean 'yaw'"),
        ("worker=3", "worker: .*Did you mean 'workers'"),
        ("pose.yaw=-1", r"pose\.yaw: .*Got -1"),
        ("pose.pitch_limit=91", r"pose\.pitch_limit: .*90\. Got 91"),
        ("n=0", r"n: .*Got 0"),
        ("movement.crooked=1.5", r"movement\.crooked: .*1\. Got 1\.5"),
        ("camera.distance=[80, 40]", r"camera\.distance: must begin with its smaller end\. Got \[80, 40\]"),
        ("camera.quality=[90, 101]", r"camera\.quality\.1: .*Got 101"),
        ("camera.distance=[5, 40]", r"camera\.distance\.0: .*Got 5"),
        ("movement.prototypes=[{AU99: 1}]", r"movement\.prototypes\.0: .*mean 'AU\d\d' for 'AU99'"),
        ("movement.prototypes=[]", r"movement\.prototypes: must hold a prototype"),
        ("movement.prototypes=[{AU12: 2}]", r"movement\.prototypes\.0\.AU12: .*Got 2"),
        ("backgrounds={noise: 0, gradient: 0, photo: 0}", "backgrounds: must have odds above 0 for one .*noise"),
        ("occluders={hand: 0, bar: 0, object: 0, sunglasses: 0, scarf: 0}", "occluders: must have odds"),
        ("people=[{file: a, share: 0.6}, {file: b, share: 0.5}]", "people: must have shares that sum to 1"),
        ("people=[{file: a}]", r"people\.0\.share: Field required"),
    ],
)
def test_what_cannot_be_drawn_is_refused(override: str, named: str, written: Path) -> None:
    with pytest.raises(InputError, match=named):
        load_heads_recipe(written, [override])


def test_odds_are_those_of_the_kinds_alone() -> None:
    odds = HeadsRecipe(occluders={"share": 1, "hand": 1}).occluders.odds()
    assert odds["hand"] == 1
    assert "share" not in odds
