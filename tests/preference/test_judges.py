"""The pool and the person judge by what they know, in words that say how sure it is."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.tiny_scores import DECODING

from mien.errors import ModelError
from mien.faces import Attractiveness
from mien.preference import Taste
from mien.preference.judges import PoolJudge, TasteJudge
from mien.preference.pool import Preference, chances

Z = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
FACES = Attractiveness(np.array([0.0, 0.5, 1.0, 1.0]), np.zeros(4), "P", embedding=Z)


def test_the_pool_goes_by_scores() -> None:
    judge = PoolJudge(DECODING)
    assert judge.score(FACES).tolist() == FACES.score.tolist()
    assert judge.chances(FACES).tolist() == chances(FACES.score, 0.7).tolist()
    assert judge.prefer(FACES[2], FACES[0]).share > judge.prefer(FACES[1], FACES[0]).share > 0.5
    assert PoolJudge({**DECODING, "raters": "9 people"}).pool == "9 people, SMALL-SET"
    assert PoolJudge({name: value for name, value in DECODING.items() if name != "raters"}).pool == "SMALL-SET"


def test_a_person_goes_by_weights() -> None:
    judge = TasteJudge(Taste([1.0, -3.0], np.diag([0.5, 2.0]), 5))
    assert judge.score(FACES).tolist() == [0, 1, -2, -2]
    found = judge.chances(FACES)
    drawn = np.random.default_rng(1).normal([1, -3], np.sqrt([0.5, 2.0]), (100_000, 2)) @ Z[:3].T
    assert found[:3] == pytest.approx(np.bincount(drawn.argmax(1)) / 100_000, abs=0.03)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_array_equal(found, judge.chances(FACES))
    assert judge.prefer(FACES[1], FACES[2]).share > 0.8
    assert judge.prefer(FACES[3], FACES[2]).share == 0.5
    with pytest.raises(ModelError, match="'embedding'"):
        judge.score(replace(FACES, embedding=None))


@pytest.mark.parametrize(
    ("preference", "said"),
    [
        (
            Preference(0.62, 0.5, 0.73, 0.8),
            "About 62 of 100 .* A's photo .90 % interval 50 to 73.; 80 % sure that most w",
        ),
        (Preference(0.2, 0.1, 0.4, 0.002), "About 80 of 100 .* B's photo .90 % interval 60 to 90.; over 99 % sure"),
        (
            Preference(0.52, 0.3, 0.7, 0.55),
            "Too close to tell: about 52 of 100 .* A's photo .90 % interval 30 to 70..$",
        ),
    ],
)
def test_words(preference: Preference, said: str) -> None:
    import re

    assert re.match(said, PoolJudge(DECODING).sentence(preference))
    assert TasteJudge(Taste([0.0], [[1.0]], 5)).sentence(preference).startswith(("By 5", "Too close to tell: by 5"))
