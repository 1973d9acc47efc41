"""Pairwise losses: margin 0 ends in a constant score where theory says so; a verdict that follows the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.finding import Measured
from mien.studies.losses import pairwise_collapse as study

TINY = study.Settings(people=300, pairs=800, steps=300, every=100)


def outcome(answers: str, start: str, method: str) -> dict[str, float]:
    return study._train(study.Case(answers, start, method), 0, TINY, None)[0]


def test_a_constant_start_is_never_left_without_a_margin() -> None:
    found = outcome(study.RIGHT, study.SAME, study.COMP)
    assert found[study.CONSTANT] == 1
    assert found[study.ORDER] == 0.5


@pytest.mark.parametrize("method", [study.COMP_MARGIN, study.HINGE, study.RANKNET, study.TIES])
def test_a_constant_start_is_left_by_the_others(method: str) -> None:
    found = outcome(study.RIGHT, study.SAME, method)
    assert found[study.CONSTANT] == 0
    assert found[study.ORDER] > 0.7


def test_wrong_answers_draw_the_scores_together_without_a_margin_only() -> None:
    spread = {
        method: outcome(study.WRONG, study.USUAL, method)[study.SPREAD] for method in (study.COMP, study.COMP_MARGIN)
    }
    assert spread[study.COMP] < 0.01 < 0.1 < spread[study.COMP_MARGIN]


def test_the_linear_baseline_orders_pairs() -> None:
    assert outcome(study.RIGHT, study.USUAL, study.SVM)[study.ORDER] > 0.7


@pytest.mark.parametrize(
    ("answers", "wrong", "ties"), [(study.RIGHT, 0, 0), (study.WRONG, 0.2, 0), (study.TIED, 0, 0.3)]
)
def test_answers_are_as_told(answers: str, wrong: float, ties: float) -> None:
    world = study.make_world(answers, 0, TINY)
    value = study.latent(world.x, 0)
    a, b = value[world.train].unbind(1)
    assert float((a < b).float().mean()) == pytest.approx(wrong, abs=0.04)
    assert float((world.target == 0.5).float().mean()) == pytest.approx(ties, abs=0.01)
    assert not set(world.train.flatten().tolist()) & set(world.test.flatten().tolist())


def test_measures_by_hand() -> None:
    scores = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    found = study.measures(scores, torch.tensor([[0.0], [2.0]]))
    assert found[study.ORDER] == 0.5
    assert found[study.SPREAD] == pytest.approx(2**0.5)
    assert found[study.CONSTANT] == 0


def test_equal_seeds_give_equal_tables() -> None:
    less = study.Settings(
        people=60, pairs=100, steps=20, every=10, answers=(study.TIED,), starts=(study.USUAL, study.FLAT)
    )
    found = study.run(less, (0, 1))
    assert len(found.table.rows) == 13
    assert study.run(less, (0, 1)).table == found.table


def made(order: dict[str, float], constant: dict[str, float]):
    found = {}
    for method in study.METHODS:
        level = order.get(method, 0.8)
        found[study.Case(study.WRONG, study.USUAL, method)] = {
            study.ORDER: Measured((level, level + 0.001, level - 0.001)),
            study.CONSTANT: Measured((constant.get(method, 0.0),) * 3),
        }
    return study.judge(found)


def test_verdict_follows_the_numbers() -> None:
    expected = made({study.COMP: 0.6}, {study.COMP: 1.0})
    assert expected.startswith(
        "Of 1 settings (answers / start) margin 0 makes a scorer constant in some run of 1 and orders"
    )
    assert "than RankNet in 1; margin 0.3, hinge or RankNet in 0." in expected
    assert "behind the best loss of any setting: softmax-comp, margin 0," not in expected
    flipped = made({study.RANKNET: 0.6}, {study.RANKNET: 1.0})
    assert "constant in some run of 0 and orders fewer pairs than RankNet in 0; " in flipped
    assert "hinge or RankNet in 1." in flipped
    assert "behind the best loss of any setting: softmax-comp, margin 0," in flipped


def test_faces(faces) -> None:
    tiny = study.Settings(pairs=50, steps=40, every=10, answers=(study.RIGHT,), starts=(study.USUAL,))
    found = study.run(tiny, (0,), faces)
    assert "shades, column 'age'" in found.data
