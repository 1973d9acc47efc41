"""Scorers: one network for both of a pair, and starts that are what they are called."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.losses.scorers import (
    COMP,
    DECAY,
    FLAT,
    HINGE,
    METHODS,
    SAME,
    SVM,
    TIES,
    USUAL,
    Scorer,
    scoring_network,
)

PEOPLE = torch.randn(20, 10, generator=torch.Generator().manual_seed(0))
ROWS = torch.tensor([[0, 1], [1, 0], [2, 3]])


def scorer(method: str, start: str = USUAL) -> Scorer:
    return Scorer(scoring_network(method, start, PEOPLE, 0), PEOPLE, method)


def test_a_person_has_one_score_in_whatever_pair() -> None:
    scores = scorer(COMP)(ROWS)
    assert scores.shape == (3, 2)
    torch.testing.assert_close(scores[0], scores[1].flip(0))


@pytest.mark.parametrize("method", METHODS)
def test_every_loss_falls_when_the_preferred_scores_higher(method: str) -> None:
    judged, ones = scorer(method), torch.ones(1)
    wrong, right = (judged.loss(torch.tensor([[-a, a]]), ones) for a in (2.0, -2.0))
    assert right < wrong


def test_starts() -> None:
    assert scorer(HINGE, SAME).seen(ROWS).unique().numel() == 1
    assert scorer(COMP, FLAT).seen(ROWS).min() > 0.99
    assert torch.equal(scorer(HINGE, DECAY).seen(ROWS), scorer(HINGE).seen(ROWS))
    assert scorer(SVM).seen(ROWS).unique().numel() == 1


def test_softmax_comp_sees_probabilities_and_the_others_raw_scores() -> None:
    torch.testing.assert_close(scorer(COMP).seen(ROWS), scorer(HINGE).seen(ROWS).sigmoid())


def test_the_tie_parameter_is_learnt() -> None:
    judged = scorer(TIES)
    torch.autograd.backward(judged.loss(judged(ROWS), torch.full((3,), 0.5)))
    assert judged.log_tie is not None
    assert float(judged.log_tie.grad) < 0
