"""The series: all registered networks, and stories from measured counts."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import series as study
from mien.train.backbones.registry import NETWORKS


def test_all_networks_have_a_story() -> None:
    assert set(study.SHORT) == set(study.CHANGES) == set(NETWORKS)
    assert {before for before, _ in study.CHANGES.values()} <= {*NETWORKS, ""}


@pytest.fixture(scope="module")
def found() -> dict[str, study.Network]:
    return {name: study.count(name) for name in ("mobilenet_v1", "mobilenet_v2", "mobilenet_v4_conv_small")}


def test_shares_are_whole(found) -> None:
    for network in found.values():
        assert sum(network.shares.values()) == pytest.approx(1)
    assert found["mobilenet_v1"].shares["strips"] == 0


def test_effects_follow_the_counts(found) -> None:
    text = study.effect("mobilenet_v2", found, {"mobilenet_v1": 4.0, "mobilenet_v2": 3.0})
    assert text.startswith("parameters x 0.83, MACs x 0.53, values x 1.32, field 315 to 491, time x 0.75; MACs 90% 1x1")
    assert "time" not in study.effect("mobilenet_v2", found, {"mobilenet_v2": 3.0})
    assert study.effect("mobilenet_v1", found, {}).startswith("4.2 M parameters, 569 M MACs, field 315; MACs 95% 1x1")


def test_it_is_compared_at_the_input_of_the_one_before() -> None:
    network = study.count("inception_v3")
    assert network.report.input_shapes[0][-1] == 299
    assert network.alike.input_shapes[0][-1] == 224
    assert network.alike.parameters == network.report.parameters
    assert network.alike.macs < network.report.macs
