"""What a task is. Whatever else a run has is the same for all tasks, so that two tasks can be compared."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from mien.errors import InputError
from mien.facs import CODES
from mien.geometry import Array
from mien.tasks import ColumnLabel, decode
from mien.train import losses
from mien.train.data.teacher_card import TeacherOutput
from mien.train.tasks.shift import LabelShift, PoolShift

Outputs = Mapping[str, Tensor]
Arrays = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class LabelSpace:
    """Labels of a task: their widths, how each kind mixes (see `losses.mixing`), columns that the user named."""

    widths: dict[str, int]
    kinds: dict[str, str]
    columns: tuple[ColumnLabel, ...] = field(default=())


class Task(ABC):
    """Label space, head, loss, decoding, metrics.

    outputs: head names with widths. spatial: heads see the feature map place by place instead of its mean.
    main: the metric that early stopping and the best checkpoint follow, and whether more is better.
    shifted: the label that sets may shift (`Source.shift`), none if empty; levelled: whether all sets with it have to.
    taught_by: kinds of teachers' outputs that the task learns from.
    """

    name: str
    labels: LabelSpace
    outputs: dict[str, int]
    spatial: ClassVar[bool] = False
    main: tuple[str, str]
    shifted: ClassVar[str] = ""
    levelled: bool = False
    taught_by: ClassVar[tuple[str, ...]] = ("classes", "probabilities", "number")

    @property
    def targets(self) -> dict[str, int]:
        """Label names with widths."""
        return self.labels.widths

    def head(self, output: str, inputs: int) -> nn.Module:
        """The layer from an embedding (B, inputs) to an output (B, width)."""
        layer = nn.Linear(inputs, self.outputs[output])
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
        return layer

    def parts(self) -> dict[str, nn.Module]:
        """What the loss learns beside the network, by name: trained and kept with it, left out of what is exported."""
        return {}

    def begin(self, labels: Sequence[Arrays]) -> None:  # noqa: B027
        """Look at the training labels (N, ...) of each set before the first step of a new run."""

    @abstractmethod
    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Scalar loss of a batch."""

    @abstractmethod
    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Metrics on a whole dataset; what has no labels is left out."""

    def distill(self, taught: TeacherOutput, outputs: Outputs, target: Tensor, temperature: float) -> Tensor:
        """Scalar loss against what a teacher puts out (B, K), NaN for faces that it has not seen.

        Classes: `distillation_loss`; probabilities: cross entropy, of those Action Units that the teacher names where
        it names some; a number: smooth L1.
        """
        output = outputs[taught.teaches]
        if taught.kind == "classes":
            return losses.distillation_loss(output, target, temperature)
        if taught.kind == "probabilities":
            output = output[:, [CODES.index(name) for name in taught.names]] if taught.names else output
            return losses.sigmoid_cross_entropy_loss(output, target)
        return losses.smooth_l1_loss(output, target)

    def check_teacher(self, taught: TeacherOutput) -> None:
        """Raise InputError unless the task has an output that this teaches."""
        if taught.teaches not in self.outputs:
            raise InputError(f"'teaches' must be one of {', '.join(self.outputs)}. Got {taught.teaches!r}.")
        if taught.kind not in self.taught_by:
            raise InputError(
                f"'kind' of a teacher's output must be one of {', '.join(self.taught_by)} for the task {self.name!r}. "
                f"Got {taught.kind!r}."
            )
        if unknown := set(taught.names) - set(CODES):
            raise InputError(f"'names' must be of {', '.join(CODES)}. Got {', '.join(sorted(unknown))}.")

    def value(self, outputs: Outputs) -> Tensor:
        """The value (B,) in units of the label that sets may shift."""
        raise NotImplementedError

    def new_shift(self, labels: Arrays) -> LabelShift | PoolShift:
        """The shift of a set at first, from the labels of its training faces."""
        return LabelShift()

    def decoding(self) -> dict[str, Any]:
        """Constants that decode the outputs and are known before any calibration."""
        return {}

    def decode(self, outputs: dict[str, Array], decoding: dict[str, Any]) -> dict[str, Any]:
        """Columns of `Faces`: the same decoding that inference uses."""
        return decode(self.name, outputs, {**self.decoding(), **decoding})
