"""The verdict on heads follows the numbers, and says less where the seeds tell less."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.age_heads.measures import BIAS, DECADES, MAE, OWN, SPREADS, WIDTH, decade_name
from mien.studies.age_heads.runs import SECONDS, STEPS
from mien.studies.age_heads.verdicts import NAMES, judge
from mien.studies.core.finding import Measured

NAN = float("nan")


def around(value: float) -> Measured:
    return Measured((value, value * 1.001, value * 0.999))


def made(clean: dict[str, float], dirty: dict[str, float], **others: dict[str, float]):
    """Results from the error of each head, 8 years where it is not given."""
    found = {}
    for name in NAMES:
        covers = others.get("covers", {}).get(name, 0.7) if name.split(",")[0] in SPREADS else NAN
        measures = {
            BIAS: around(others.get("bias", {}).get(name, 0.0)),
            OWN: around(covers),
            WIDTH: around(others.get("width", {}).get(name, 30.0)),
            SECONDS: around(1.0),
            STEPS: around(others.get("steps", {}).get(name, NAN)),
        }
        for share, errors in ((0.0, clean), (0.3, dirty)):
            error = around(errors.get(name, 8.0))
            found[share, name] = {MAE: error, **measures, **{decade_name(start): error for start in DECADES}}
    return judge(found, (0.0, 0.3))


def test_the_winners_are_named() -> None:
    verdict = made({"dldl": 5.0}, {"l1": 6.0, "laplace": 6.0}, width={"coral": 20.0})
    assert verdict.startswith(
        "With 0% wrong labels dldl has the least MAE; with 30% wrong labels l1 (not surely apart: laplace) has the "
        "least MAE; the narrowest 90 % interval has coral."
    )
    assert "Least MAE by decade: 0-9 dldl, 10-19 dldl" in verdict
    assert "MAE with 30% wrong labels (years): lower with l1 than with l2" in verdict
    assert "no difference between coral and dex" in verdict


def test_many_equal_heads_are_counted() -> None:
    assert "(not surely apart: 13 of 13 others) has the least MAE" in made({}, {})


def test_spreads_biases_and_steps() -> None:
    verdict = made({}, {}, covers={"laplace": 0.9}, bias={"normalized_l1": -2.0, "l2": 1.0}, steps={"l1": 50.0})
    assert "nearest to 90 %: laplace." in verdict
    assert "Surely too young on average (years): normalized_l1 -2.0; surely too old: l2 +1.0." in verdict
    assert "Fewest steps to the goal: l1." in verdict
    assert "Fewest steps to the goal: none." in made({}, {})


def test_years_lost_are_in_order() -> None:
    lost = made({}, {"l2": 12.0, "l1": 8.5}).splitlines()[-1]
    assert lost.startswith("Years lost to 30% wrong labels: ")
    assert lost.endswith("l1 0.50, l2 4.00.")
