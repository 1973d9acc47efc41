"""Gradients of the cross entropies: a wrong gradient and an overflow are found out, and the verdict says so."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")


from mien.studies.core.finding import Measured
from mien.studies.losses import cross_entropy_gradients as study

TINY = study.Settings(batch=4, classes=3)


def test_p_minus_y_is_the_gradient_in_every_way() -> None:
    for name, deviation in study.deviations(TINY, 0).items():
        assert deviation <= study.LIMITS[name.rsplit(", ", 1)[1]], name


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_a_wrong_loss_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, written, probability = study.LOSSES[name]
    monkeypatch.setitem(study.LOSSES, name, (lambda z, y: 1.001 * ours(z, y), written, probability))
    found = study.deviations(TINY, 0)
    assert found[f"{name}, hard targets, the loss"] > 1e-6
    assert found[f"{name}, hard targets, central differences"] > 1e-6
    assert found[f"{name}, hard targets, as written"] < 1e-8


def test_the_formula_as_written_fails_where_it_must_and_the_losses_never() -> None:
    failed = study.extremes(TINY)
    for name in study.LOSSES:
        assert failed[name, "the loss", "float32"] == failed[name, "the loss", "float64"] == float("inf")
        assert 10 < failed[name, "as written", "float32"] <= 100
        assert 50 < failed[name, "as written", "float64"] <= 1000


def test_a_finding_with_every_check() -> None:
    found = study.run(TINY, (0, 1))
    assert found.verdict.startswith("p - y is the gradient in every check; the losses stay right for all logits tried.")
    assert "The formula as written fails for softmax in float32" in found.verdict
    assert {row[2] for row in found.table.rows if "as written, float" not in row[0]} == {"yes"}
    assert study.run(TINY, (0, 1)).table == found.table


def test_verdict_follows_the_numbers() -> None:
    good = {
        "softmax, hard targets, the loss": Measured((1e-16,)),
        "two classes, loss, sigmoid of the difference": Measured((0.0,)),
    }
    bad = {name: Measured((0.0, 1e-3)) for name in good}
    fine, broken = {("softmax", "the loss", "float32"): float("inf")}, {("softmax", "the loss", "float32"): 100.0}
    assert study.judge(good, fine).startswith("p - y is the gradient in every check; the losses stay right")
    verdict = study.judge(bad, broken)
    assert verdict.startswith("p - y is NOT the gradient in: softmax, hard targets, the loss")
    assert "the losses FAIL for extreme logits: softmax, the loss, float32" in verdict
    assert "is NOT the sigmoid" in verdict
    undefined = {name: Measured((float("nan"),)) for name in good}
    assert "is NOT the gradient" in study.judge(undefined, fine)
