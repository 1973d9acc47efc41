"""The evidence workbench: the browser computes what Python computes, and what it saves `--evidence` reads."""

import numpy as np
import pytest
from tests.server.page.steps import add_photos, expect, move_slider, saved

from mien.expression.emotion import DISPLAYS, GROUPS, SPEAKS_FOR, EvidenceModel, load_evidence
from mien.faces import ActionUnits
from mien.facs import ACTION_UNITS, CODES
from mien.runtime.models import find_model, read_card

READ = """async ([rows, faces]) => {
    const { read } = await import("/evidence.js");
    return faces.map(units => read(rows, units));
}"""


def _models() -> dict[str, EvidenceModel]:
    rng = np.random.default_rng(3)
    keys = ("bias", *CODES)
    rows = {
        name: dict(zip(keys, map(float, rng.normal(0, 2, len(keys))), strict=True)) for name in (*GROUPS, *DISPLAYS)
    }
    return {
        "three": EvidenceModel.from_dict({name: rows[name] for name in GROUPS}),
        "eight": EvidenceModel.from_dict({name: rows[name] for name in DISPLAYS}),
    }


@pytest.mark.parametrize("name", ["three", "eight"])
def test_the_browser_computes_what_python_computes(open_page, name):
    page, model = open_page(), _models()[name]
    rng = np.random.default_rng(0)
    probability = np.concatenate([rng.random((40, 18)), rng.random((4, 18)) ** 8, np.zeros((1, 18)), np.ones((1, 18))])
    emotion = model(ActionUnits(probability, probability, CODES))
    faces = [{code: {"probability": p} for code, p in zip(CODES, row, strict=True)} for row in probability.tolist()]
    for told, i in zip(page.evaluate(READ, [model.to_dict(), faces]), range(len(faces)), strict=True):
        expected = emotion[i].to_dict()
        assert told["label"] == expected["label"]
        for key in ("positive", "neutral", "negative", "margin"):
            assert told[key] == pytest.approx(expected[key], abs=1e-5)
        assert [code for code, _ in told["evidence"]] == [code for code, _ in expected["evidence"]]
        values = [value for _, value in expected["evidence"]]
        assert [value for _, value in told["evidence"]] == pytest.approx(values, rel=1e-4, abs=1e-4)
        if expected["category"]:
            assert told["category"]["probability"] == pytest.approx(expected["category"]["probability"], abs=1e-5)
            assert told["category"]["label"] == expected["category"]["label"]


def test_constants_are_those_of_python(open_page):
    page = open_page()
    told = page.evaluate(
        """async () => {
            const [units, evidence, words] = await Promise.all(
                ["units", "evidence", "words/en"].map(name => import(`/${name}.js`)));
            return { regions: units.REGIONS, speaks: units.SPEAKS_FOR, groups: evidence.GROUPS,
                displays: evidence.DISPLAYS, words: words.default };
        }"""
    )
    assert {code: region for region, codes in told["regions"].items() for code in codes} == {
        unit.code: unit.region for unit in ACTION_UNITS
    }
    assert {name: set(codes) for name, codes in told["speaks"].items()} == {k: set(v) for k, v in SPEAKS_FOR.items()}
    assert {name: tuple(members) for name, members in told["groups"].items()} == GROUPS
    assert tuple(told["displays"]) == DISPLAYS
    for unit in ACTION_UNITS:
        assert told["words"][f"au.{unit.code}"] == unit.name
        assert told["words"][f"sign.{unit.code}"] == unit.sign


def test_a_slider_changes_all_answers_and_the_file_says_the_same(open_page, astronaut, write_photo):
    page = open_page()
    add_photos(page, [write_photo(astronaut, "one.png"), write_photo(astronaut[:300, 60:380], "close.png")])
    answers = page.locator(".emotion .answer strong")
    assert answers.all_inner_texts() == ["positive", "positive"]
    reasons = page.locator(".reasons").first.inner_text()
    move_slider(page, "AU12", -4)
    expect(answers.first).not_to_have_text("positive")
    assert "positive" not in answers.all_inner_texts()
    assert page.locator(".reasons").count() == 0 or page.locator(".reasons").first.inner_text() != reasons
    expect(page.locator(".counts")).to_have_text("Answers that changed: 2 of 2")
    mine = load_evidence(_named(saved(page, "#bench-save")))
    assert mine.to_dict()["happiness"]["AU12"] == -4
    original = read_card(find_model("expression")).decoding["evidence"]
    assert mine.to_dict()["sadness"]["AU15"] == pytest.approx(original["sadness"]["AU15"], abs=1e-6)
    page.click("#bench-reset")
    assert answers.all_inner_texts() == ["positive", "positive"]
    assert page.locator(".reasons").first.inner_text() == reasons


def _named(path):
    """A download has no ending until it is saved."""
    return path.rename(path.with_suffix(".yaml"))
