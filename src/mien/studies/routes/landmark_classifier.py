"""From landmark features to positive, neutral and negative: gradient boosting or a small network."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mien.errors import InputError
from mien.faces import EMOTIONS
from mien.geometry import Array
from mien.metrics import macro_f1
from mien.studies.routes.landmark_features import landmark_features, mirrored

Labels = NDArray[np.int64]
BOOSTING, NETWORK = "gradient boosting", "network of two hidden layers"


@dataclass(frozen=True, slots=True)
class LandmarkClassifier:
    """The better of the candidates on validation faces; scores: macro-F1 there, by candidate."""

    kind: str
    scores: dict[str, float]
    model: Any

    def probability(self, features: Array) -> Array:
        """Probability (N, 3) of positive, neutral, negative from features (N, F)."""
        return np.asarray(self.model.predict_proba(features), np.float32)


def candidates(seed: int = 0, rounds: int = 500) -> dict[str, Any]:
    """Untrained classifiers by name; rounds: trees a class, and twelve times the passes of the network over the faces.

    None stops early by itself: it would hold mirror images of training faces against it.
    """
    trees = HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=0.08, l2_regularization=1.0, max_leaf_nodes=48, early_stopping=False,
        random_state=seed,
    )  # fmt: skip
    network = MLPClassifier((256, 128), alpha=0.01, batch_size=128, max_iter=max(rounds // 12, 10), random_state=seed)
    return {BOOSTING: trees, NETWORK: make_pipeline(StandardScaler(), network)}


def fit_landmark_classifier(
    landmarks: Array, target: Labels, held_out: tuple[Array, Labels], seed: int = 0, rounds: int = 500
) -> LandmarkClassifier:
    """Train every candidate on landmarks (N, 68, 2) and classes (N,) and on their mirror images; keep the better one.

    held_out: landmarks and classes of the faces that the choice is made on. Raises InputError where the training
    faces lack a class.
    """
    missing = sorted(set(range(len(EMOTIONS))) - set(target.tolist()))
    if missing:
        names = ", ".join(EMOTIONS[k] for k in missing)
        raise InputError(f"'target' must hold faces of {', '.join(EMOTIONS)}. Got none of {names}.")
    features = landmark_features(np.concatenate([landmarks, mirrored(landmarks)]))
    unseen, truth = landmark_features(held_out[0]), held_out[1]
    models, scores = candidates(seed, rounds), {}
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # `rounds` is meant as an end
            model.fit(features, np.tile(target, 2))
        scores[name] = macro_f1(model.predict_proba(unseen).argmax(1), truth, len(EMOTIONS), "labeled")
    best = max(scores, key=lambda name: scores[name])
    return LandmarkClassifier(best, scores, models[best])
