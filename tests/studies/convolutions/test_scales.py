"""Dilation leaves gaps where theory says; MobileNet v1 scales as theory says."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import scales as study


@pytest.mark.parametrize(("dilations", "field", "pixels"), [((1, 1), 5, 25), ((2, 2), 9, 25), ((1, 3), 9, 81)])
def test_reach(dilations: tuple[int, ...], field: int, pixels: int) -> None:
    found = study.reach(dilations)
    assert found == study.Reach(18, (field, field), (pixels, pixels))
    assert found.agrees


def test_what_does_not_agree_is_told() -> None:
    assert not study.Reach(9, (3, 5), (9, 9)).agrees
    assert not study.Scaled("net", 0.5, 64, (10.0, 10), (10.5, 11)).is_exact


@pytest.mark.parametrize(("width", "side"), [(0.25, 224), (0.75, 96)])
def test_mobilenet_v1_is_predicted_exactly(width: float, side: int) -> None:
    found = study.scale("mobilenet_v1", width, side)
    assert found.is_exact
    assert found.parameters[1] < 4_231_976


def test_published_counts() -> None:
    assert round(study.scale("mobilenet_v1", 0.75, 224).macs[1] / 1e6) in (317, 325, 326)  # paper: 325
    assert not study.scale("mobilenet_v2", 0.5, 224).is_exact
