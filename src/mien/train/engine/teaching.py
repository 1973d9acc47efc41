"""Learning from teachers: which of their outputs a run learns from, and the losses on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mien.train import losses
from mien.train.data.soft_targets import label_name, soft_targets
from mien.train.data.teacher_card import TeacherOutput, read_teacher
from mien.train.engine.loaders import Prepared
from mien.train.recipe import Recipe
from mien.train.tasks import Task
from mien.train.trunks import digest, read_about


@dataclass(frozen=True, slots=True)
class Lesson:
    """An output of a teacher as a label (B, width) of faces, and how it is learned."""

    label: str
    output: TeacherOutput
    width: int
    weight: float
    temperature: float
    features: str


def with_soft_targets(recipe: Recipe, task: Task, prepared: Prepared) -> tuple[Prepared, list[Lesson]]:
    """The sets with what the recipe's teachers say of the training faces as further labels, and the lessons.

    Raises InputError for a teacher whose outputs the task cannot learn from, before any image is read; one with the
    weight 0 is left out.
    """
    if not recipe.teachers:
        return prepared, []
    for teacher in recipe.teachers:
        for name, output in read_teacher(teacher).outputs.items():
            if output.kind != "embedding" and teacher.weights.get(name, 1.0):
                task.check_teacher(output)
    widths: dict[str, int] = {}
    for faces, source, rows in zip(prepared.sets, recipe.sources, prepared.rows["train"], strict=True):
        if len(rows):
            targets = soft_targets(recipe, source, faces, rows)
            faces.labels.update(targets)
            widths |= {name: value.shape[1] for name, value in targets.items()}
    lessons = [lesson for lesson in _lessons(recipe, widths) if lesson.weight]
    return Prepared(prepared.sets, prepared.rows, {lesson.label: lesson.width for lesson in lessons}), lessons


def _lessons(recipe: Recipe, widths: Mapping[str, int]) -> list[Lesson]:
    lessons = []
    for teacher in recipe.teachers:
        card = read_teacher(teacher)
        for name, output in card.outputs.items():
            label = label_name(card, name)
            weight = teacher.weights.get(name, 1.0)
            lessons.append(Lesson(label, output, widths[label], weight, teacher.temperature, teacher.features))
    return lessons


class Teaching(nn.Module):
    """Losses on lessons. Features (B, channels) meet an embedding through a linear map that is trained with them.

    Where both have the same width the map begins as none: a trunk taken over from the teacher has its features.
    """

    def __init__(self, task: Task, lessons: Sequence[Lesson], channels: int) -> None:
        super().__init__()
        self.task, self.lessons = task, tuple(lessons)
        embeddings = [lesson for lesson in lessons if lesson.output.kind == "embedding"]
        self.maps = nn.ModuleList(_map(channels, lesson.width) for lesson in embeddings)
        self._map_of = {lesson.label: k for k, lesson in enumerate(embeddings)}

    def forward(
        self, outputs: Mapping[str, Tensor], features: Tensor, batch: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The weighted loss of each lesson, by its label; faces that a teacher has not seen count for nothing."""
        return {
            lesson.label: lesson.weight * self._loss(lesson, outputs, features, batch[lesson.label])
            for lesson in self.lessons
        }

    def _loss(self, lesson: Lesson, outputs: Mapping[str, Tensor], features: Tensor, target: Tensor) -> Tensor:
        if lesson.output.kind != "embedding":
            return self.task.distill(lesson.output, outputs, target, lesson.temperature)
        met = self.maps[self._map_of[lesson.label]](features.float())
        return (losses.cosine_loss if lesson.features == "cosine" else losses.smooth_l1_loss)(met, target)


def _map(channels: int, width: int) -> nn.Linear:
    layer = nn.Linear(channels, width)
    if channels == width:
        with torch.no_grad():
            layer.weight.copy_(torch.eye(width))
            layer.bias.zero_()
    return layer


def origins(recipe: Recipe) -> dict[str, Any]:
    """What a run learns from beside its data, as its card tells it: the weights it begins with, and its teachers."""
    teachers = []
    for teacher in recipe.teachers:
        card = read_teacher(teacher)
        about = {"name": card.name, "sha256": digest(teacher.file), "source": card.source, "terms": card.terms}
        teachers.append({**about, "weights": teacher.weights, "temperature": teacher.temperature})
    start = read_about(recipe.init) if recipe.init and _is_onnx(recipe.init) else {}
    return {"init": start, "teachers": teachers}


def _is_onnx(path: Path) -> bool:
    return path.suffix == ".onnx" and path.is_file()
