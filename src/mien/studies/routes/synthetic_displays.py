"""Rendered faces of people never trained on, with a known display, from many angles; every picture by its seed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.faces import EMOTIONS
from mien.studies.routes.faces import Picture
from mien.synthesis.assets import Person
from mien.synthesis.dataset import Cast, load_cast
from mien.synthesis.head import Scene, render
from mien.synthesis.prototypes import PROTOTYPES
from mien.synthesis.recipe import HeadsRecipe, Movement, Skin
from mien.synthesis.sampling import degrade, sample_scene, sample_shape

DISPLAYS = {
    "positive": ("smile", "broad smile", "laugh"),
    "neutral": ("neutral",),
    "negative": ("sadness", "anger", "glare", "disgust", "fear", "contempt"),
}
"""Displays of `heads_prototypes` that count as each class."""
YAWS, PITCHES = (0, 15, 30, 45, 60), (-30, -15, 15, 30)
VIEWS = (*((yaw, 0) for yaw in YAWS), *((0, pitch) for pitch in PITCHES))
"""Yaw (to either side) and pitch in degrees of the pictures of one scene."""
STRENGTH = (0.4, 1.0)


@dataclass(frozen=True, slots=True)
class SyntheticFaces:
    """What is told of N rendered pictures: person (N,), label (N,), display (N,), scene (N,), yaw and pitch (N,)."""

    person: NDArray[np.int64]
    label: NDArray[np.int64]
    display: NDArray[Any]
    scene: NDArray[np.int64]
    yaw: NDArray[np.int64]
    pitch: NDArray[np.int64]

    def select(self, chosen: NDArray[Any]) -> "SyntheticFaces":
        """Some of them."""
        return SyntheticFaces(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Plan:
    """One scene: who (number among the people of the split), which display, and the random numbers behind it."""

    person: int
    display: str
    seed: tuple[int, ...]


def load_heads(folder: Path) -> Cast:
    """The head model and its people."""
    return load_cast(HeadsRecipe.model_validate({"assets": folder}))


def class_plans(people: int, repeats: int, seed: int) -> list[Plan]:
    """As many scenes of each class for each person; the displays of a class take turns."""
    plans = []
    for person in range(people):
        for name in EMOTIONS:
            displays = DISPLAYS[name]
            for k in range(repeats):
                plans.append(Plan(person, displays[k % len(displays)], (seed, person, EMOTIONS.index(name), k)))
    return plans


def pain_plans(people: int, repeats: int, seed: int) -> list[Plan]:
    """Scenes of displayed pain, and as many of the other negative displays."""
    others = DISPLAYS["negative"]
    plans = []
    for person in range(people):
        for k in range(repeats):
            plans.append(Plan(person, "pain", (seed, person, 7, k)))
            plans.append(Plan(person, others[k % len(others)], (seed, person, 8, k)))
    return plans


def describe(plans: list[Plan], views: tuple[tuple[int, int], ...]) -> SyntheticFaces:
    """What is told of the pictures of the scenes, view by view, in the order in which they are drawn."""
    count = len(views)
    label = [next((k for k, name in enumerate(EMOTIONS) if p.display in DISPLAYS[name]), -1) for p in plans]
    yaw, pitch = (np.tile([view[k] for view in views], len(plans)) for k in (0, 1))
    return SyntheticFaces(
        np.repeat([p.person for p in plans], count), np.repeat(label, count),
        np.repeat(np.array([p.display for p in plans], object), count), np.repeat(np.arange(len(plans)), count),
        yaw, pitch,
    )  # fmt: skip


def draw(cast: Cast, split: str, plans: list[Plan], views: tuple[tuple[int, int], ...] | None) -> Iterator[Picture]:
    """The pictures of the scenes, each from all views; without views from one that is drawn by chance.

    From view to view nothing but the head's angle changes.
    """
    people = cast.kin[split]
    for plan in plans:
        person, rng = people[plan.person], np.random.default_rng(plan.seed)
        recipe = _recipe(plan.display)
        neutral = sample_shape(person, people, rng)
        scene = sample_scene(recipe, people, rng)
        side = 1 if rng.random() < 0.5 else -1
        for yaw, pitch in views or ((side * scene.yaw, scene.pitch),):
            turned = replace(scene, yaw=float(side * yaw), pitch=float(pitch))
            yield _picture(cast, person, turned, recipe, neutral, plan)


def _recipe(display: str) -> HeadsRecipe:
    """As the training pictures are drawn, but with the units of one display and no others, and without glasses.

    Glasses are drawn on faces up to some yaw only, so that they would tell the views apart.
    """
    movement = Movement(prototypes=(PROTOTYPES[display],), prototype=1.0, keep=1.0, strength=STRENGTH, alone=0.0)
    return HeadsRecipe.model_validate({"movement": movement, "skin": Skin(glasses=0.0)})


def _picture(cast: Cast, person: Person, scene: Scene, recipe: HeadsRecipe, neutral: Any, plan: Plan) -> Picture:
    drawn = render(cast.model, person, scene, recipe.size, neutral)
    image = degrade(drawn.image, recipe.camera, np.random.default_rng((*plan.seed, 1)))
    return Picture(image, None, drawn.landmarks, drawn.intensity)
