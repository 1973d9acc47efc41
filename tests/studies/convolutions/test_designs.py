"""Counts of designs by formula, where they are known by hand, and as the profiler has them."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import designs as study

DESIGNS = {
    "one": study.square(5, 6, 4),
    "two": study.two_threes(6, 3, 4),
    "two, stride 2": study.two_threes(6, 3, 4, stride=2),
    "strips": study.strips(7, 6, 5, 4),
    "separable": study.separable(3, 6, 4),
    "dilated": study.square(3, 6, 4, dilation=3),
}


def test_two_threes_by_hand() -> None:
    found = study.by_formula(study.two_threes(6, 3, 4), False, 10)
    weights = 9 * 6 * 3 + 9 * 3 * 4
    assert (found.parameters, found.multiplications, found.field) == (weights, 100 * weights, (5, 5))
    assert found.additions == 100 * (weights - 3 - 4)
    biased = study.by_formula(study.two_threes(6, 3, 4), True, 10)
    assert (biased.parameters, biased.additions) == (weights + 7, 100 * weights)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", DESIGNS)
def test_the_profiler_counts_the_same(name: str, bias: bool) -> None:
    assert study.by_profiler(DESIGNS[name], bias, 11) == study.by_formula(DESIGNS[name], bias, 11)


def test_fields() -> None:
    fields = {name: study.by_formula(design, False, 8).field for name, design in DESIGNS.items()}
    assert fields == dict.fromkeys(("one", "two", "two, stride 2"), (5, 5)) | dict.fromkeys(
        ("strips", "dilated"), (7, 7)
    ) | {"separable": (3, 3)}
