"""The comparing losses on drawn faces: what margin 0 does, what targets mean, a verdict that follows the numbers."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("sklearn", reason="studies need mien[train]")

import torch
from torch import nn

from mien.errors import InputError
from mien.geometry import Array
from mien.studies.core.finding import Measured
from mien.studies.ranking import faces, runs
from mien.studies.ranking.linear import RIDGE, SVM, choose_penalty, direction, embed, train_linear
from mien.studies.ranking.measures import CONSTANT, ORDER, PLCC, ROUNDED, SPREAD, SRCC, measures, order, sure_pairs
from mien.studies.ranking.runs import (
    COMP,
    GAP,
    HINGE,
    L2,
    MARGIN,
    METHODS,
    RANKNET,
    SHARE,
    TIES,
    Constants,
    Method,
    Scorer,
    Settings,
)  # fmt: skip
from mien.studies.ranking.study import QUICK, STUDY, compare_losses, describe
from mien.studies.ranking.verdicts import judge, sets_of
from mien.train.data.faceset import FaceSet

TINY = Settings(trials=2, steps=150, batch_size=32, every=50)
PLAIN = Constants(5e-3, 0.01, 0.3)
GROUPS = ("one female", "one male", "two female", "two male")


def rated(count: int, seed: int, noise: float = 0.3) -> faces.Rated:
    """Faces whose rating is a sum of two features and noise; raters disagree by 1, and each face has 25 of them."""
    stream = torch.Generator().manual_seed(seed)
    views = torch.randn(count, 1, 4, 2, 2, generator=stream) + 0.1 * torch.randn(count, 3, 4, 2, 2, generator=stream)
    rating = views[:, 0, 0, 0, 0] + views[:, 0, 1, 1, 1] + noise * torch.randn(count, generator=stream)
    return faces.Rated(views.half(), rating, torch.ones(count), torch.full((count,), 0.2), torch.arange(count) % 4)


@pytest.fixture(scope="module")
def world() -> faces.World:
    torch.manual_seed(0)
    return faces.World(
        rated(320, 0), rated(160, 1), GROUPS, nn.Sequential(nn.Flatten(), nn.Linear(16, 16), nn.ReLU()), nn.Flatten()
    )


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_loss_learns_the_order_and_only_without_a_margin_the_scores_collapse(
    world: faces.World, method: Method
) -> None:
    long = Settings(steps=400, batch_size=32)
    found = runs.train(method, PLAIN if method.loss != COMP else Constants(5e-3, 0.01, 0.0), 0, world, long).measures
    if method.loss == COMP and method.target != GAP:
        assert found[SPREAD] < 0.02
        return
    assert min(found[f"one {ORDER}"], found[f"two {ORDER}"]) > 0.85
    assert found[SPREAD] > 0.1 or method.loss == COMP


def test_equal_seeds_give_equal_scores_and_others_do_not(world: faces.World) -> None:
    first, again, other = (runs.train(Method(RANKNET), PLAIN, seed, world, TINY) for seed in (0, 0, 1))
    assert first.curve == again.curve
    assert first.measures[SPREAD] == again.measures[SPREAD] != other.measures[SPREAD]
    assert len(first.curve) == TINY.steps // TINY.every + 1


def test_the_constants_are_chosen_among_points_that_are_the_same_for_all_losses(world: faces.World) -> None:
    points = {loss: runs.trial_constants(loss, 4) for loss in (L2, RANKNET, MARGIN, HINGE)}
    for k in range(4):
        assert len({(found[k].learning_rate, found[k].weight_decay) for found in points.values()}) == 1
    assert {one.margin for one in points[RANKNET]} == {0.0}
    assert all(0.05 <= one.margin <= 0.8 for one in points[MARGIN])
    assert runs.choose(Method(MARGIN), world, TINY) in runs.trial_constants(MARGIN, TINY.trials)


def loss_of(method: Method, score: list[float], rating: list[float], error: float = 0.1, margin: float = 0.3) -> float:
    """The loss of these faces of one group, raters disagreeing by 1."""
    label = torch.stack([torch.tensor(rating).float(), torch.ones(len(rating)), torch.full((len(rating),), error)], 1)
    label = torch.cat([label, torch.zeros(len(rating), 1)], 1)
    scorer = Scorer(nn.Flatten(), torch.zeros(1, 1, 1, 1), 0)
    loss = runs.pair_loss(method, scorer, Constants(0, 0, margin), 1.96)
    return loss(torch.tensor(score).float(), label).item()


def test_targets_by_hand() -> None:
    assert loss_of(Method(L2), [1, 3], [1, 2]) == pytest.approx(0.5)
    p = 0.9213504  # Phi(2 / sqrt 2)
    hard, sure = np.log1p(np.exp(-1)), p * np.log1p(np.exp(-1)) + (1 - p) * np.log1p(np.exp(1))
    assert loss_of(Method(RANKNET), [1, 0], [2, 0]) == pytest.approx(hard)
    assert loss_of(Method(RANKNET, SHARE), [1, 0], [2, 0]) == pytest.approx(sure)
    assert loss_of(Method(HINGE, SHARE), [0.2, 0], [2, 0]) == pytest.approx(0.3 - (2 * p - 1) * 0.2)
    gaps = (3 * np.log1p(np.exp(-2)) + 2 * np.log1p(np.exp(-1)) + np.log1p(np.exp(-1))) / 6
    assert loss_of(Method(RANKNET, GAP), [2, 1, 0], [3, 2, 0]) == pytest.approx(gaps)
    assert loss_of(Method(COMP), [1, 0], [2, 0], margin=0.0) == 0


def test_means_within_their_error_are_ties() -> None:
    near, far = (loss_of(Method(TIES), [0, 0], [gap, 0]) for gap in (0.27, 0.29))
    assert near == pytest.approx(far) == pytest.approx(np.log(3))
    told = [loss_of(Method(TIES), [4, 0], [gap, 0]) for gap in (0.27, 0.29)]
    assert told[0] > told[1] + 1


def test_sure_pairs_are_of_one_group_and_further_apart_than_their_error() -> None:
    part = rated(60, 3)
    i, j = sure_pairs(part, 1.96)
    assert (part.group[i] == part.group[j]).all()
    assert ((part.rating[i] - part.rating[j]) > 1.96 * 0.2 * 2**0.5).all()
    known = {(a, b) for a, b in zip(i.tolist(), j.tolist(), strict=True)}
    every = [(a, b) for a in range(60) for b in range(60) if (a - b) % 4 == 0]
    gap = 1.96 * 0.2 * 2**0.5
    assert known == {(a, b) for a, b in every if float(part.rating[a] - part.rating[b]) > gap}
    assert order(part.rating.numpy(), part, 1.96) == 1
    assert order(-part.rating.numpy(), part, 1.96) == 0
    assert order(np.zeros(60), part, 1.96) == 0.5


def test_measures_of_a_set_do_not_see_the_origin_of_the_other_or_of_a_sex(world: faces.World) -> None:
    rating = world.test.rating.numpy()
    found = measures(rating + 100.0 * world.test.group.numpy(), world, 1.96)
    for name in ("one", "two"):
        assert found[f"{name} {ORDER}"] == 1
        assert found[f"{name} {PLCC}"] == pytest.approx(1)
        assert found[f"{name} {SRCC}"] == pytest.approx(1)
    assert found[ROUNDED] > 0.99
    assert measures(1e-4 * rating, world, 1.96)[ROUNDED] == 0.5
    flat = measures(np.zeros(len(rating)), world, 1.96)
    assert flat[CONSTANT] == 1
    assert np.isnan(flat[f"one {PLCC}"])


@pytest.mark.parametrize("name", [SVM, RIDGE])
def test_linear_scores_find_a_linear_rule(name: str, world: faces.World) -> None:
    part, held = rated(300, 5, noise=0.0), rated(300, 6, noise=0.0)
    x, other = (one.views[:, 0].flatten(1).double().numpy() for one in (part, held))
    penalty = {SVM: 0.01, RIDGE: 1.0}[name]
    assert order(other @ direction(name, penalty, x, part, 0, 1.96), held, 1.96) > 0.99
    embedded = embed(world)
    assert np.allclose(embedded.train.std(0).max(), 1)
    chosen = choose_penalty(name, world, embedded, TINY)
    assert train_linear(name, chosen, 0, world, embedded, TINY).measures[f"one {ORDER}"] > 0.8


def test_the_whole_study_on_drawn_faces(world: faces.World) -> None:
    short = Settings(trials=1, steps=8, batch_size=32, every=4)
    finding = compare_losses(world, short, (0, 1))
    assert [row[0] for row in finding.table.rows] == [*(method.name for method in METHODS), SVM, RIDGE]
    assert "margin" in str(dict(zip(finding.table.columns, finding.table.rows[4], strict=True))["chosen"])
    assert "one female 80 / 40" in finding.data
    assert len(finding.figure.axes) == 6
    json.dumps(finding.settings)
    assert describe(Constants(0.001, 0.02, 0.0)) == "step 0.001, decay 0.02"


def made(levels: dict[str, float], constant: tuple[str, ...] = ()) -> str:
    """The verdict where the methods have these shares of pairs in order, and all others 0.7."""
    found = {}
    for name in (*(method.name for method in METHODS), SVM, RIDGE):
        level = levels.get(name, 0.7)
        cell = Measured((level, level + 0.001, level - 0.001))
        flat, apart = (1.0, 1e-4) if name in constant else (0.0, 0.2)
        named = {f"set {measure}": cell for measure in (ORDER, PLCC, SRCC)}
        found[name] = {**named, ROUNDED: cell, SPREAD: Measured((apart,) * 3), CONSTANT: Measured((flat,) * 3)}
    assert sets_of(found) == ["set"]
    return judge(found)


def test_verdict_follows_the_numbers() -> None:
    bare = Method(COMP, SHARE).name
    said = made({RANKNET: 0.8, L2: 0.75}, (bare,))
    assert said.startswith("Most pairs in order: set RankNet (0.8). Softmax-comp without a margin ends in a constant ")
    assert "in some run with these targets: share; of the other losses: none." in said
    assert "set pairs in order: higher with RankNet than with L2" in said
    assert "set PLCC: higher none, lower RankNet, gap (-0.100); RankNet, share (-0.100), not surely apart " in said
    flipped = made({L2: 0.9}, (RANKNET,))
    assert flipped.startswith("Most pairs in order: set L2 (0.9). ")
    assert "with these targets: none; of the other losses: RankNet." in flipped
    assert "set pairs in order: lower with RankNet than with L2" in flipped
    assert "set PLCC: higher none, lower none, not surely apart softmax-comp, margin, gap (+0.000)" in flipped


def face_set(columns: dict[str, Array]) -> FaceSet:
    count = len(next(iter(columns.values())))
    rng = np.random.default_rng(0)
    labels = {"rating": rng.uniform(1, 5, count).astype(np.float32), "rating_spread": np.full(count, 0.5, np.float32)}
    labels["rating"][0] = np.nan
    crops = rng.integers(0, 256, (count, 146, 146, 3), dtype=np.uint8)
    return FaceSet("drawn", crops, labels, columns)


def test_faces_are_read_by_the_frozen_layers_and_rated_in_their_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = np.array(["train", "test", "val", "train"] * 6)
    two = {"gender": np.array(["male", "female"] * 12), "n_raters": np.full(24, 25), "split": split}
    sets = {
        "scut_fbp5500": face_set({"group": np.array(["AF", "AM", "CF", "CM"] * 6), "split": split}),
        "mebeauty": face_set(two),
    }
    monkeypatch.setattr(faces, "prepare", lambda recipe, source: sets[recipe.name])
    for name in sets:
        (tmp_path / f"{name}.parquet").touch()
    world = faces.load_world(tmp_path, 1, 15, None)
    assert world.groups == ("scut_fbp5500 female", "scut_fbp5500 male", "mebeauty female", "mebeauty male")
    assert (len(world.train), len(world.test)) == (34, 12)
    assert (world.train.views.shape[1], world.test.views.shape[1]) == (3, 2)
    for group in world.train.group.unique():
        own = world.train.rating[world.train.group == group]
        assert (float(own.mean()), float(own.std())) == pytest.approx((0, 1), abs=1e-5)
    ratio = (world.train.spread / world.train.error) ** 2
    assert sorted({round(float(one)) for one in ratio}) == [25, 60]
    assert not torch.equal(world.test.views[0, 0], world.test.views[0, 1])
    assert world.tail(world.test.views[:2, 0].float()).shape[0] == 2


def test_the_two_parts_of_the_age_network_are_the_age_network() -> None:
    from mien.runtime.models import find_model, read_card
    from mien.train.warm_start import read_weights

    body, tail = faces.split_network(15)
    weights, card = read_weights(find_model("age")), read_card(find_model("age"))
    assert card.name == "age"
    embedding = tail.eval()(body(torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))))
    assert embedding.shape == (2, weights["heads.age.weight"].shape[1])
    assert not any(p.requires_grad for p in body.parameters())
    assert all(p.requires_grad for name, p in tail.named_parameters() if name.endswith("weight"))


def test_a_folder_without_the_sets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'data' must be a folder that holds scut_fbp5500\.parquet"):
        STUDY.run(QUICK, (0,), tmp_path)
