"""The evidence adds up to what it explains, and its file can be read, edited and read again."""

import json
import math

import numpy as np
import pytest

from mien.emotion import EvidenceModel, load_evidence
from mien.errors import InputError
from mien.faces import EMOTIONS, ActionUnits
from mien.facs import CODES

SMALL = ("AU04", "AU06", "AU12", "AU15")


def small_model():
    weights = np.array([[-1.0, 1.5, 3.0, -2.0], [0.2, 0.0, -0.5, 0.1], [2.0, -0.5, -1.0, 2.5]], np.float32)
    return EvidenceModel(SMALL, weights, np.array([-0.5, 1.0, -1.0], np.float32))


def random_model(seed, codes=CODES):
    rng = np.random.default_rng(seed)
    return EvidenceModel(codes, rng.normal(0, 2, (3, len(codes))), rng.normal(0, 1, 3))


def units_of(probability, codes=CODES):
    probability = np.asarray(probability, float)
    return ActionUnits(probability, probability * 5, tuple(codes))


def random_units(seed, count=50, codes=CODES):
    return units_of(np.random.default_rng(seed).uniform(0, 1, (count, len(codes))), codes)


def naive_probability(model, present):
    logits = [model.bias[k] + sum(model.weights[k, j] * p for j, p in enumerate(present)) for k in range(3)]
    total = sum(math.exp(value) for value in logits)
    return [math.exp(value) / total for value in logits]


def test_probability_is_the_softmax_of_the_weighted_units():
    model, units = random_model(0), random_units(1)
    emotion = model(units)
    for found, present in zip(emotion.probability, units.probability, strict=True):
        assert found == pytest.approx(naive_probability(model, present), rel=1e-9)
    assert emotion.codes == CODES


def test_evidence_and_bias_sum_to_the_log_odds_of_the_label():
    model, units = random_model(2), random_units(3)
    emotion = model(units)
    for i, probability in enumerate(emotion.probability):
        label = EMOTIONS.index(emotion[i].label)
        others = [k for k in range(3) if k != label]
        odds = math.log(probability[label]) - np.mean([math.log(probability[k]) for k in others])
        bias = model.bias[label] - model.bias[others].mean()
        assert emotion.contribution[i].sum() + bias == pytest.approx(odds, abs=1e-9)


def test_a_unit_that_is_away_contributes_what_it_takes_from_the_odds():
    """Removing one unit changes the log-odds of the label by that unit's contribution."""
    model, units = small_model(), random_units(4, 20, SMALL)
    emotion = model(units)
    labels = emotion.probability.argmax(1)
    for k in range(len(SMALL)):
        without = units.probability.copy()
        without[:, k] = 0
        changed = model(units_of(without, SMALL)).probability
        for i, label in enumerate(labels):
            odds = [3 / 2 * (np.log(p[label]) - np.log(p).mean()) for p in (emotion.probability[i], changed[i])]
            assert odds[0] - odds[1] == pytest.approx(emotion.contribution[i, k], abs=1e-6)


def test_what_speaks_for_every_class_alike_explains_nothing():
    model, units = random_model(5), random_units(6)
    shifted = EvidenceModel(CODES, model.weights + np.linspace(-3, 3, len(CODES)), model.bias + 7)
    assert shifted(units).probability == pytest.approx(model(units).probability, abs=1e-9)
    assert shifted(units).contribution == pytest.approx(model(units).contribution, abs=1e-9)


def test_a_smile_a_frown_and_a_face_at_rest():
    emotion = small_model()(units_of([[0, 0.9, 0.9, 0], [0.9, 0, 0, 0.9], [0, 0, 0, 0]], SMALL))
    assert emotion.label.tolist() == ["positive", "negative", "neutral"]
    assert [code for code, _ in emotion[0].evidence] == ["AU12", "AU06"]
    assert [code for code, _ in emotion[1].evidence] == ["AU15", "AU04"]
    assert emotion[2].evidence == []
    assert emotion[0].evidence[0][1] == pytest.approx(0.9 * (3.0 - (-0.5 - 1.0) / 2))


def test_units_may_come_in_any_order_and_number():
    model, units = random_model(7, SMALL), random_units(8)
    order = np.random.default_rng(9).permutation(len(CODES))
    shuffled = units_of(units.probability[:, order], np.array(CODES)[order].tolist())
    only = units_of(units.probability[:, [CODES.index(code) for code in SMALL]], SMALL)
    for other in (shuffled, only):
        assert np.array_equal(model(other).probability, model(units).probability)
        assert np.array_equal(model(other).contribution, model(units).contribution)


def test_missing_units_are_named():
    with pytest.raises(InputError, match=r"'units' must hold AU04, AU06, AU12, AU15\. Missing: AU06, AU15\."):
        small_model()(random_units(0, 2, ("AU04", "AU12", "AU25")))


def test_no_face_and_extreme_weights():
    model = small_model()
    empty = model(random_units(0, 0, SMALL))
    assert empty.probability.shape == (0, 3)
    assert empty.contribution.shape == (0, 4)
    huge = EvidenceModel(SMALL, model.weights * 1e4, model.bias)(units_of([[0, 1, 1, 0]], SMALL))
    assert huge.probability.tolist() == [[1, 0, 0]]


def test_a_file_gives_back_the_model(tmp_path):
    path = tmp_path / "证据.json"
    model = small_model()
    path.write_text(json.dumps(model.to_dict()), encoding="utf-8")
    for back in (load_evidence(path), load_evidence(str(path)), EvidenceModel.from_dict(model.to_dict())):
        assert back.codes == model.codes
        assert np.array_equal(back.weights, model.weights)
        assert np.array_equal(back.bias, model.bias)
        assert back.to_dict() == model.to_dict()


def test_to_dict_is_a_row_of_named_numbers_a_class():
    rows = small_model().to_dict()
    assert list(rows) == list(EMOTIONS)
    assert rows["positive"] == {"bias": -0.5, "AU04": -1.0, "AU06": 1.5, "AU12": 3.0, "AU15": -2.0}


def test_what_a_row_does_not_name_is_zero(tmp_path):
    path = tmp_path / "evidence.json"
    rows = {"positive": {"AU12": 3.5}, "neutral": {"bias": 0.5}, "negative": {"AU04": 2.0, "bias": -1.0}}
    path.write_text(json.dumps(rows), encoding="utf-8")
    model = load_evidence(path)
    assert model.codes == ("AU04", "AU12")
    assert model.weights.tolist() == [[0, 3.5], [0, 0], [2, 0]]
    assert model.bias.tolist() == [0, 0.5, -1]
    rows["positive"]["AU12"] = -3.5
    path.write_text(json.dumps(rows), encoding="utf-8")
    units = units_of([[0.0, 1.0]], ("AU04", "AU12"))
    assert model(units).label.tolist() == ["positive"]
    assert load_evidence(path)(units).label.tolist() == ["neutral"]


@pytest.mark.parametrize("missing", EMOTIONS)
def test_a_missing_class_is_an_error(tmp_path, missing):
    path = tmp_path / "evidence.json"
    rows = {name: row for name, row in small_model().to_dict().items() if name != missing}
    path.write_text(json.dumps(rows), encoding="utf-8")
    for read in (lambda: load_evidence(path), lambda: EvidenceModel.from_dict(rows)):
        with pytest.raises(InputError, match=rf"must have the rows .*{missing}.*\. Got {', '.join(rows)}\."):
            read()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "broken.json").write_text('{"positive": {', encoding="utf-8")
    for name in ("broken.json", "missing.json"):
        with pytest.raises(InputError, match=f"must be a readable JSON file.*{name}"):
            load_evidence(tmp_path / name)
