"""The evidence adds up to what it explains, and its file can be read, edited and read again."""

import json
import math

import numpy as np
import pytest
import yaml

from mien.errors import InputError
from mien.expression.emotion import (
    DISPLAYS,
    GROUPS,
    PROTOTYPES,
    SPEAKS_FOR,
    EvidenceModel,
    literature,
    load_evidence,
    strength,
)
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


def naive_strength(p):
    return min(math.log(1 + math.exp(4) * p / (1 - p)) / math.log(1 + math.exp(4)), 2.5)


def naive_probability(model, present):
    logits = [
        model.bias[k] + sum(model.weights[k, j] * naive_strength(p) for j, p in enumerate(present)) for k in range(3)
    ]
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
    assert emotion[0].evidence[0][1] == pytest.approx(naive_strength(0.9) * (3.0 - (-0.5 - 1.0) / 2))


def test_strength_rises_from_0_to_its_limit_with_the_log_odds():
    p = np.linspace(0, 1, 1001)
    found = strength(p)
    assert found[0] == 0
    assert found[500] == pytest.approx(1)
    assert found[-1] == 2.5
    assert (np.diff(found) >= 0).all()
    assert found[1:-1] == pytest.approx([naive_strength(one) for one in p[1:-1]], abs=1e-6)
    odds = np.array([4.0, 8.0, 16.0])
    assert np.diff(strength(odds / (1 + odds))) == pytest.approx(math.log(2) / math.log1p(math.exp(4)), rel=1e-2)


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
    (tmp_path / "broken.yaml").write_text("AU12: {positive: 1", encoding="utf-8")
    for name in ("broken.json", "missing.json", "broken.yaml", "missing.yaml"):
        with pytest.raises(InputError, match=f"must be a readable YAML or JSON file.*{name}"):
            load_evidence(tmp_path / name)


def written(tmp_path, text, name="mine.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "证据"])
def test_yaml_gives_back_exactly_the_model(tmp_path, name):
    rng = np.random.default_rng(0)
    weights = (rng.normal(0, 1, (3, len(CODES))) * 10.0 ** rng.integers(-9, 4, (3, len(CODES)))).astype(np.float32)
    model = EvidenceModel(CODES, weights, rng.normal(0, 1, 3).astype(np.float32))
    back = load_evidence(written(tmp_path, model.to_yaml(), name))
    assert back.codes == model.codes
    assert np.array_equal(back.weights, model.weights)
    assert np.array_equal(back.bias, model.bias)
    units = random_units(1)
    assert np.array_equal(back(units).probability, model(units).probability)
    assert back.to_yaml() == model.to_yaml()


def test_yaml_names_each_unit_with_muscle_weights_and_source():
    model = small_model()
    text = model.to_yaml()
    assert "# AU12 lip corner puller (zygomaticus major): lip corners go up and out\nAU12: {positive: 3.0" in text
    rows = yaml.safe_load(text)
    assert list(rows) == ["bias", *SMALL]
    assert rows["AU15"] == {"positive": -2.0, "neutral": 0.1, "negative": 2.5, "source": literature("AU15")}
    assert rows["bias"] == {"positive": -0.5, "neutral": 1.0, "negative": -1.0}


def test_a_file_may_name_some_units_and_say_why(tmp_path):
    text = """
    # my own view
    AU12: {positive: 2.5, source: "Müller: a study, 2020", comment: large}
    AU04:
      negative: 1
    """
    model = load_evidence(written(tmp_path, text))
    assert model.codes == ("AU04", "AU12")
    assert model.weights.tolist() == [[0, 2.5], [0, 0], [1, 0]]
    assert model.bias.tolist() == [0, 0, 0]
    assert 'source: "Müller: a study, 2020"' in model.to_yaml()
    assert load_evidence(written(tmp_path, model.to_yaml())).sources == model.sources | {"AU04": literature("AU04")}


def test_a_row_a_unit_in_json_and_a_row_a_class_in_yaml(tmp_path):
    model = small_model()
    by_unit = load_evidence(written(tmp_path, json.dumps(yaml.safe_load(model.to_yaml())), "mine.json"))
    by_class = load_evidence(written(tmp_path, yaml.safe_dump(model.to_dict())))
    assert by_unit.to_dict() == by_class.to_dict() == model.to_dict()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AU6: {positive: 1}", r"Got 'AU6'\. Did you mean AU06\?"),
        ("au12: {positive: 1}", r"Got 'au12'\. Did you mean AU12\?"),
        ("6: {positive: 1}", r"Got '6'\. Did you mean AU06\?"),
        ("12: {positive: 1}", r"Got '12'\. Did you mean AU12\?"),
        ("lip corner puler: {positive: 1}", r"Did you mean AU12 \(lip corner puller\)\?"),
        ("AU12: {positiv: 1}", r"A key of AU12 must be one of positive.*Got 'positiv'\. Did you mean positive\?"),
        ("AU12: 3", r"'AU12' must be a row such as .*Got 3\."),
        ("AU12: {positive: high}", r"'AU12 positive' must be a finite number such as 0\.5\. Got 'high'\."),
        ("AU12: {positive: .nan}", r"'AU12 positive' must be a finite number"),
        ("AU12: {negative: yes}", r"'AU12 negative' must be a finite number such as 0\.5\. Got True\."),
        ("AU12: {negative: }", r"'AU12 negative' must be a finite number such as 0\.5\. Got None\."),
        ("{positive: {AU13: 1}, neutral: {}, negative: {}}", r"Got 'AU13'\. Did you mean AU"),
        ("- AU12", r"must have a row for each Action Unit"),
        ("", r"must have a row for each Action Unit. Got None"),
    ],
)
def test_mistakes_are_said_with_file_and_key(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        load_evidence(path)
    assert str(path) in str(caught.value)


def test_the_prototypes_may_speak_for_their_display_and_neutral_has_no_voice():
    for name, codes in PROTOTYPES.items():
        assert set(codes) <= set(SPEAKS_FOR[name])
    assert SPEAKS_FOR["neutral"] == ()
    assert {code for codes in SPEAKS_FOR.values() for code in codes} == set(CODES)
    assert "AU10" not in SPEAKS_FOR["happiness"]
    assert sorted(GROUPS) == sorted(EMOTIONS)
    assert {name for names in GROUPS.values() for name in names} == set(DISPLAYS) - {"surprise"}


def eight(seed=0, codes=CODES):
    rng = np.random.default_rng(seed)
    return EvidenceModel(codes, rng.uniform(0, 2, (8, len(codes))), rng.normal(0, 1, 8), classes=DISPLAYS)


def test_eight_displays_fold_into_three_that_share_what_surprise_leaves():
    emotion = eight()(random_units(1))
    shares = dict(zip(DISPLAYS, emotion.category.probability.T, strict=True))
    left = 1 - shares["surprise"]
    assert emotion.probability[:, 0] == pytest.approx(shares["happiness"] / left)
    assert emotion.probability[:, 1] == pytest.approx(shares["neutral"] / left)
    assert emotion.category.probability.sum(1) == pytest.approx(1)
    assert emotion[3].category.label == DISPLAYS[int(emotion.category.probability[3].argmax())]
    assert emotion[3].to_dict()["category"]["probability"]["anger"] == pytest.approx(shares["anger"][3])


def test_contributions_are_the_slope_of_the_log_odds_of_the_label():
    """d log p_label - mean of the others by a unit's strength is what the unit contributes, per strength."""
    model, units = eight(2), random_units(3, 20)
    emotion, step = model(units), 1e-6
    for k in range(len(CODES)):
        p = units.probability.copy()
        low = strength(p[:, k])
        p[:, k] = np.clip(p[:, k] + step, 0, 1 - 1e-7)
        rise = strength(p[:, k]) - low
        logs = [np.log(e.probability) for e in (emotion, model(units_of(p)))]
        label = emotion.probability.argmax(1)
        odds = [1.5 * (log[np.arange(20), label] - log.mean(1)) for log in logs]
        slope = emotion.contribution[:, k] / low
        steep = rise > 1e-9
        assert (odds[1] - odds[0])[steep] / rise[steep] == pytest.approx(slope[steep], abs=2e-3)


def test_a_file_of_eight_displays_gives_back_the_model(tmp_path):
    weights = np.random.default_rng(0).uniform(0, 2, (8, len(CODES))).astype(np.float32)
    weights[:, ::2] *= np.random.default_rng(1).integers(0, 2, weights[:, ::2].shape)
    model = EvidenceModel(CODES, weights, np.linspace(-1, 0, 8, dtype=np.float32), classes=DISPLAYS)
    for text in (model.to_yaml(), json.dumps(model.to_dict())):
        back = load_evidence(written(tmp_path, text))
        assert back.classes == DISPLAYS
        assert np.array_equal(back.weights, model.weights)
        assert np.array_equal(back.bias, model.bias)


def test_three_classes_and_eight_displays_do_not_mix(tmp_path):
    with pytest.raises(InputError, match=r"Got 'positive'\. Did you mean"):
        load_evidence(written(tmp_path, "AU12: {positive: 1}\nAU04: {anger: 1}"))


@pytest.mark.parametrize("text", ["AU12: {positive: !!bool x}", "a: 2026-99-99", "[" * 3000, "AU12: {positive: 1e7}"])
def test_a_file_that_cannot_be_evidence(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="must be"):
        load_evidence(path)


@pytest.mark.parametrize("code", [None, 12])
def test_keys_that_are_no_texts(code):
    with pytest.raises(InputError, match="keys are texts"):
        EvidenceModel.from_dict({name: {code: 0.5} for name in EMOTIONS})


def test_a_weight_that_no_float_holds():
    with pytest.raises(InputError, match=r"'AU12 positive' must be a finite number.*1329 bits"):
        EvidenceModel.from_dict({name: {"AU12": 10**400} for name in EMOTIONS})
