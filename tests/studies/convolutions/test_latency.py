"""Times in turns are ratios; both engines compute the same network."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.convolutions import latency as study


def counting(calls: list[str], name: str) -> study.Run:
    return lambda: calls.append(name)


def test_each_timed_pass_follows_an_untimed_one_in_turns() -> None:
    calls: list[str] = []
    milliseconds, ratio = study.time_in_turns(counting(calls, "a"), counting(calls, "b"), 2)
    assert calls == ["a", "a", "b", "b"] * 2
    assert milliseconds > 0
    assert ratio > 0


def test_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([2.0, 6.0, 1.0, 4.0, 1.0, 1.0])
    monkeypatch.setattr(study, "_seconds", lambda run: next(ticks))
    assert study.time_in_turns(lambda: None, lambda: None, 3) == (4000.0, 3.0)


def test_one_entry_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def runs(name: str) -> dict[str, study.Run]:
        made.append(name)
        return dict.fromkeys(study.ENGINES, lambda: None)

    monkeypatch.setattr(study, "runs", runs)
    found = study.time_all((study.BASE, "mobilenet_v1"), (0, 1), 2)
    assert made == [study.BASE, "mobilenet_v1"]
    assert set(found) == {(name, engine) for name in made for engine in study.ENGINES}
    assert len(found["mobilenet_v1", "torch"].ratio.values) == 2


def test_both_engines_give_the_same() -> None:
    before = torch.get_rng_state()
    found = study.runs("mobilenet_v1")
    exact = found["torch"]().numpy()
    np.testing.assert_allclose(found["onnxruntime"](), exact, atol=1e-4 * np.abs(exact).max())
    assert 1e-3 < exact.std() < 1e3
    assert torch.equal(torch.get_rng_state(), before)
