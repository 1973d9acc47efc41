"""What a task is. Whatever else a run has is the same for all tasks, so that two tasks can be compared."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from mien.estimates import decode
from mien.geometry import Array
from mien.train.data.labels import ColumnLabel

Outputs = Mapping[str, Tensor]
Arrays = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class LabelSpace:
    """Labels of a task: their widths, how each kind mixes (see `losses.mixing`), columns that the user named."""

    widths: dict[str, int]
    kinds: dict[str, str]
    columns: tuple[ColumnLabel, ...] = field(default=())


class Task(ABC):
    """Label space, head, loss, decoding, measures.

    outputs: head names with widths. spatial: heads see the feature map place by place instead of its mean.
    main: the measure that early stopping and the best checkpoint follow, and whether more is better.
    """

    name: str
    labels: LabelSpace
    outputs: dict[str, int]
    spatial: ClassVar[bool] = False
    main: tuple[str, str]

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

    @abstractmethod
    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Scalar loss of a batch."""

    @abstractmethod
    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Measures on a whole set; what has no labels is left out."""

    def decoding(self) -> dict[str, Any]:
        """Constants that decode the outputs and are known before any calibration."""
        return {}

    def decode(self, outputs: dict[str, Array], decoding: dict[str, Any]) -> dict[str, Any]:
        """Columns of `Faces`: the same decoding that inference uses."""
        return decode(self.name, outputs, {**self.decoding(), **decoding})
