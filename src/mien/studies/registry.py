"""Studies by name."""

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from mien.errors import InputError, expect
from mien.studies.core.faces import load_faces
from mien.studies.core.finding import Finding, Study
from mien.studies.core.networks import one_thread

_HOMES = {
    "label-smoothing": "losses.label_smoothing",
    "regression-losses": "losses.regression_losses",
    "penalties": "losses.penalties",
    "cross-entropy-gradients": "losses.cross_entropy_gradients",
    "mse-or-cross-entropy": "losses.mse_or_cross_entropy",
    "pairwise-collapse": "losses.pairwise_collapse",
    "ranking-losses": "ranking.study",
    "svm": "ranking.svm",
    "au-or-classes": "routes.au_or_classes",
    "landmarks-under-pose": "routes.landmarks_under_pose",
    "age-heads": "age_heads.study",
    "normalized-l1": "normalized_l1.study",
    "age-interval": "robustness.age_interval",
    "attractiveness-trust": "ranking.attractiveness_trust",
    "personal-taste": "taste.personal_taste",
    "near-duplicates": "robustness.near_duplicates",
    "rpca-solvers": "rpca.study",
    "nuclear-norm": "nuclear_norm.study",
    "convolutions": "convolutions.study",
    "bottleneck": "routes.bottleneck",
    "face-check": "robustness.face_check",
}
"""The module of each study, below `mien.studies`."""
PENDING = ("bottleneck", "face-check")
"""Studies that run, but whose full run is not committed yet."""
NAMES = tuple(name for name in _HOMES if name not in PENDING)


def find_study(name: str) -> Study[Any]:
    """The study of that name. Raises InputError, with the nearest name, for any other."""
    known = (*NAMES, *PENDING)
    if name not in known:
        near = get_close_matches(name, known, 1, 0.3)
        advice = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"'name' must be one of {', '.join(known)}. Got {name!r}.{advice}")
    study: Study[Any] = import_module(f"mien.studies.{_HOMES[name]}").STUDY
    return study


def questions() -> Iterator[tuple[str, str]]:
    """Name and question of each study."""
    for name in (*NAMES, *PENDING):
        yield name, find_study(name).question


def run_study(name: str, *, quick: bool = False, data: Path | None = None, seeds: int = 3) -> Finding:
    """Run a study with seeds 0 to seeds - 1, on its own data, on the faces of a labelled set, or on a folder of sets.

    Raises InputError for an unknown name, fewer than one seed, faces where the study has no use for them, or no folder
    where it needs one.
    """
    study = find_study(name)
    expect(seeds >= 1, "seeds", "a whole number of at least 1", seeds)
    if study.needs_folder:
        given = None if data is None else str(data)
        expect(data is not None and data.is_dir(), "data", f"a folder for {name!r}, --data FOLDER", given)
        with one_thread():
            return study.run(study.quick if quick else study.full, tuple(range(seeds)), data)
    if data is not None and not study.takes_faces:
        able = ", ".join(name for name in NAMES if find_study(name).takes_faces)
        raise InputError(
            f"'data' must be left out for {name!r}, which makes its own; it is taken by {able}. Got {data}."
        )
    faces = load_faces(data, 1200 if quick else 4000) if data else None
    with one_thread():
        return study.run(study.quick if quick else study.full, tuple(range(seeds)), faces)
