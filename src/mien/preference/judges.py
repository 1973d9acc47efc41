"""Who compares faces: the pool of raters on a model's card, or one person by a taste file."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mien.errors import ModelError
from mien.estimates import Decoding
from mien.faces import Attractiveness
from mien.preference.personal import Taste
from mien.preference.pool import Preference, chances, constants, prefer
from mien.runtime.heads import Head
from mien.tasks import decoding_of, split_tasks

Array = NDArray[Any]

_DRAWS = 4000


class Judge(Protocol):
    """Compares faces by their attractiveness columns, which must hold numbers."""

    def prefer(self, a: Attractiveness, b: Attractiveness) -> Preference:
        """Face a beside face b, of one face each."""

    def score(self, faces: Attractiveness) -> Array:
        """Value (N,) of N faces, by which they are ranked."""

    def chances(self, faces: Attractiveness) -> Array:
        """Probability (N,) that each of N faces is truly the best one."""

    def sentence(self, preference: Preference) -> str:
        """A preference in words."""


class PoolJudge:
    """The raters of a card's `decoding`. Raises ModelError where faces cannot be compared by it."""

    def __init__(self, decoding: Decoding) -> None:
        _, self.error, _ = constants(decoding)
        self.decoding = decoding

    @property
    def pool(self) -> str:
        """The raters in words, as the card names them: '60 volunteers in China, SCUT-FBP5500'."""
        return ", ".join(str(self.decoding[name]) for name in ("raters", "pool") if name in self.decoding)

    def prefer(self, a: Attractiveness, b: Attractiveness) -> Preference:
        """See `mien.preference.pool.prefer`."""
        return prefer(float(a.score), float(b.score), self.decoding)

    def score(self, faces: Attractiveness) -> Array:
        """Scores in standard deviations of the pool's faces."""
        return faces.score

    def chances(self, faces: Attractiveness) -> Array:
        """See `mien.preference.pool.chances`."""
        return chances(faces.score, self.error)

    def sentence(self, preference: Preference) -> str:
        """About how many of 100 raters prefer which face, and how sure it is that most do."""
        winner = "A" if preference.share >= 0.5 else "B"
        winning = preference if winner == "A" else preference.turned
        text = f"about {100 * winning.share:.0f} of 100 raters of the pool ({self.pool}) would prefer {winner}'s photo"
        return _framed(winning, text, "most would")


class TasteJudge:
    """One person, by the weights that were learned from that person's comparisons."""

    def __init__(self, taste: Taste) -> None:
        self.taste = taste

    def prefer(self, a: Attractiveness, b: Attractiveness) -> Preference:
        """See `Taste.preference`."""
        preference = self.taste.preference(_embedding(a), _embedding(b))
        return Preference(
            *(float(part) for part in (preference.probability, preference.low, preference.high, preference.sign))
        )

    def score(self, faces: Attractiveness) -> Array:
        """Log-odds."""
        return self.taste.score(_embedding(faces))[0]

    def chances(self, faces: Attractiveness) -> Array:
        """Share of 4000 weights, drawn from what is known of them with a fixed seed, by which a face is the best."""
        rng = np.random.default_rng(0)
        weights = rng.multivariate_normal(self.taste.mean, self.taste.covariance, _DRAWS, method="eigh")
        best = (weights @ np.asarray(_embedding(faces), np.float64).T).argmax(1)
        return np.asarray(np.bincount(best, minlength=len(faces.score)) / _DRAWS)

    def sentence(self, preference: Preference) -> str:
        """How many times of 100 the person prefers which photo, and how sure that is."""
        winner = "A" if preference.share >= 0.5 else "B"
        winning = preference if winner == "A" else preference.turned
        text = f"by {self.taste.comparisons} comparisons of yours, you would prefer {winner}'s photo "
        return _framed(winning, f"{text}about {100 * winning.share:.0f} times of 100", "you would more often than not")


def _framed(preference: Preference, text: str, most: str) -> str:
    """The text with its interval, after a warning or before how sure it is."""
    bounds = f"{100 * preference.low:.0f} to {100 * preference.high:.0f}"
    text = f"{text} ({100 * preference.coverage:.0f} % interval {bounds})"
    if not preference.clear:
        return f"Too close to tell: {text}."
    sure = "over 99" if preference.majority > 0.995 else f"{100 * preference.majority:.0f}"
    return f"{text[0].upper()}{text[1:]}; {sure} % sure that {most}."


def _embedding(part: Attractiveness) -> Array:
    if part.embedding is None:
        raise ModelError(
            "The attractiveness model must put out 'embedding' for a taste to be applied. This one does not; use the "
            "one that comes with mien."
        )
    return part.embedding


def open_judge(heads: Sequence[Head], taste: Taste | str | PathLike[str] | None = None) -> PoolJudge | TasteJudge:
    """The pool of the attractiveness head among some, or the person of a taste or its file.

    Raises ModelError where there is no such head, its card cannot compare, or the taste belongs to another network.
    """
    cards = [head.model.card for head in heads if "attractiveness" in split_tasks(head.model.card.task)]
    if not cards:
        raise ModelError("Faces are compared by an attractiveness head; the analyzer has none. Add 'attractiveness'.")
    card: Any = cards[-1]  # whose columns stand in the end
    if taste is None:
        return PoolJudge(decoding_of(card.task, "attractiveness", card.decoding))
    if isinstance(taste, Taste):
        taste.check_model(card.values["sha256"])
        return TasteJudge(taste)
    return TasteJudge(Taste.load(str(taste), card.values["sha256"]))
