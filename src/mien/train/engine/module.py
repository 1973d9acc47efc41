"""One step of training and of validation; everything else is Lightning's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.geometry import Array
from mien.train.engine.rates import rate_groups
from mien.train.engine.shifts import Shifts
from mien.train.engine.teaching import Lesson, Teaching
from mien.train.losses.mixing import cutmix, mixup
from mien.train.model import FaceModel, normalise
from mien.train.recipe import Recipe
from mien.train.tasks import Task

Batch = dict[str, Tensor]


class FaceModule(L.LightningModule):  # type: ignore[misc]
    """A network with its task and the schedule of a recipe; steps: of the whole run.

    lessons: what teachers' outputs it learns from; shifts: of the labels of its sets. The network knows of neither.
    """

    def __init__(
        self,
        model: FaceModel,
        task: Task,
        recipe: Recipe,
        steps: int,
        lessons: Sequence[Lesson] = (),
        shifts: Shifts | None = None,
    ) -> None:
        super().__init__()
        self.model, self.task, self.recipe, self.steps = model, task, recipe, steps
        self.teaching = Teaching(task, lessons, int(model.backbone.num_features))  # type: ignore[arg-type]
        self.shifts = shifts or Shifts("", ())
        self._seen: list[dict[str, Array]] = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of one batch."""
        batch = self._mixed(batch)
        predictions, auxiliary, features = self.model.with_auxiliary(_pixels(batch))
        outputs, labels = self._named(predictions), self.shifts.moved(batch)
        loss = self.task.loss(outputs, labels)
        for other in auxiliary:
            loss = loss + self.recipe.aux * self.task.loss(self._named(other), labels)
        for name, part in self.teaching(outputs, features, batch).items():
            self.log(f"loss {name}", part)
            loss = loss + part
        if self.shifts.sets:
            loss = loss + self.shifts.loss(self.task.value(outputs), batch)
        self.log("loss", loss, prog_bar=True)
        return loss

    def on_train_epoch_start(self) -> None:
        """The backbone rests for `freeze` epochs, its first `frozen` layers always: no gradient, norms as they are."""
        rests = self.current_epoch < self.recipe.freeze
        self.model.backbone.requires_grad_(not rests)
        self.model.backbone.train(not rests)
        for layer in list(getattr(self.model.backbone, "layers", ()))[: self.recipe.frozen]:
            layer.requires_grad_(False)
            layer.train(False)

    def validation_step(self, batch: Batch, index: int) -> None:
        """Collect outputs: metrics need the whole dataset."""
        outputs = self._named(self.model(_pixels(batch)))
        moved = self.shifts.moved(batch)
        labels = {f"label {name}": moved[name] for name in (*self.task.targets, "set")}
        self._seen.append({name: value.float().cpu().numpy() for name, value in {**outputs, **labels}.items()})

    def on_validation_epoch_end(self) -> None:
        """Measure the task on all that was seen, by all processes; watched sets by themselves."""
        seen = [part for parts in _gather(self._seen) for part in parts]
        self._seen.clear()
        joined = {name: np.concatenate([part[name] for part in seen]) for name in seen[0]}
        watched = {k: Path(source.file).stem for k, source in enumerate(self.recipe.sources) if source.watch}
        number = joined["label set"]
        measures = self._measured(joined, ~np.isin(number, list(watched)))
        for k, name in watched.items():
            measures |= {f"{name}_{key}": value for key, value in self._measured(joined, number == k).items()}
        self.log_dict({f"val_{name}": value for name, value in measures.items()}, prog_bar=True)

    def _measured(self, joined: dict[str, Array], rows: NDArray[np.bool_]) -> dict[str, float]:
        """Metrics of the task on some of the faces that were seen."""
        labels = {name: joined[f"label {name}"][rows] for name in self.task.targets}
        return self.task.measure({name: joined[name][rows] for name in self.task.outputs}, labels)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the state of the random numbers: a resumed run draws what an uninterrupted one draws."""
        checkpoint["random"] = torch.get_rng_state()
        checkpoint["random_gpu"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the random numbers where the checkpoint was saved."""
        if "random" in checkpoint:
            torch.set_rng_state(checkpoint["random"].cpu())
        if len(checkpoint.get("random_gpu", [])) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in checkpoint.get("random_gpu", [])])

    def configure_optimizers(self) -> Any:
        """AdamW without decay on biases and norms; warm-up, then one half of a cosine down to zero.

        The first two groups of weights have the rate `lr`; the backbone's come after them where theirs are others.
        """
        groups = rate_groups(self, self.recipe)
        rates = [group["lr"] for group in groups]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rates, total_steps=self.steps, pct_start=self._warmup(), cycle_momentum=False
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def _warmup(self) -> float:
        """Part of the steps that warm up; not exactly one step, by whose length less 1 torch divides."""
        warmup = self.recipe.warmup
        return warmup * (1 + 1e-9) if warmup * self.steps == 1 else warmup

    def _named(self, outputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Outputs by name, in full precision: years and points are too fine for bfloat16."""
        return {name: value.float() for name, value in zip(self.task.outputs, outputs, strict=True)}

    def _mixed(self, batch: Batch) -> Batch:
        """The batch after mixup or cutmix; each takes half of the batches where a recipe asks for both."""
        ways = [(mix, alpha) for mix, alpha in ((mixup, self.recipe.mixup), (cutmix, self.recipe.cutmix)) if alpha]
        if not ways:
            return batch
        mix, alpha = ways[int(torch.randint(len(ways), ()))]
        soft = [lesson.label for lesson in self.teaching.lessons]
        labels = {name: batch[name] for name in (*self.task.targets, *soft)}
        kinds = {name: "soft" if kind == "class" else kind for name, kind in self.task.labels.kinds.items()}
        kinds |= dict.fromkeys(soft, "soft")
        image, mixed = mix(batch["image"], _classes_as_shares(labels, self.task), alpha, kinds)
        return {**batch, "image": image, **mixed}


def _classes_as_shares(labels: Mapping[str, Tensor], task: Task) -> Batch:
    """Class indices (B, 1) as one-hot rows (B, K), NaN where unknown; other labels as they are."""
    changed = dict(labels)
    for name, kind in task.labels.kinds.items():
        if kind == "class":
            index = labels[name][:, 0]
            rows = torch.nn.functional.one_hot(index.nan_to_num().long(), task.outputs[name]).to(index.dtype)
            changed[name] = torch.where(index.isnan()[:, None], torch.nan, rows)
    return changed


def _pixels(batch: Mapping[str, Tensor]) -> Tensor:
    return normalise(batch["image"]).contiguous(memory_format=torch.channels_last)


def _gather(seen: list[dict[str, Array]]) -> list[list[dict[str, Array]]]:
    """What each process has seen."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [seen]
    everyone: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(everyone, seen)
    return everyone
