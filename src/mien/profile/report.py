"""What a network costs and sees: the figures, and how they are written down."""

from dataclasses import dataclass
from typing import Any

from mien.profile.cost import CONVENTION, Cost
from mien.profile.effective_field import SHARE, EffectiveField
from mien.profile.graph import Graph
from mien.profile.moves import Field
from mien.profile.receptive_field import Receptive
from mien.profile.text import field_text, pair, shape_text, short
from mien.profile.tree import Module, counts, plain


@dataclass(frozen=True, slots=True)
class Report:
    """What a network costs in one forward pass, and what it sees.

    parameters: shared ones once; bias_parameters: those of convolutions and matrix products; trainable. cost: all
    counts; by_operator: the same by name of the operator. peak_memory, weight_bytes: in bytes. receptive: of the last
    feature map before global pooling (None where there is none), whose shape is `feature_map`. uncounted: operators in
    which products may hide that no rule counts, with the number of their calls; all others are counted or known to have
    none. notes: what the reader must know, such as operators that had no rule. effective: what was measured on a
    picture, if it was.
    """

    name: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    parameters: int
    bias_parameters: int
    trainable: int
    weight_bytes: int
    cost: Cost
    by_operator: dict[str, Cost]
    peak_memory: int
    receptive: Receptive | None
    feature_map: tuple[int, ...] | None
    modules: Module
    uncounted: dict[str, int]
    notes: tuple[str, ...]
    graph: Graph
    fields: dict[int, Field]
    effective: EffectiveField | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and matrix products."""
        return self.cost.macs

    @property
    def flops(self) -> int:
        """2 * MACs."""
        return self.cost.flops

    @property
    def multiplications(self) -> int:
        """Products in convolutions and matrix products."""
        return self.cost.multiplications

    @property
    def additions(self) -> int:
        """Sums in convolutions and matrix products, biases included."""
        return self.cost.additions

    @property
    def activations(self) -> int:
        """Values that convolutions and matrix products give."""
        return self.cost.activations

    @property
    def receptive_field(self) -> tuple[int, ...] | None:
        """(height, width) in pixels of the local field of the last feature map."""
        return self.receptive.size if self.receptive else None

    @property
    def effective_stride(self) -> tuple[int | float, ...] | None:
        """(height, width): pixels from one position of the last feature map to the next."""
        return tuple(plain(stride) for stride in self.receptive.stride) if self.receptive else None

    @property
    def effective_padding(self) -> tuple[int, ...] | None:
        """(height, width): how far the field of the first position reaches out of the picture."""
        return self.receptive.padding if self.receptive else None

    @property
    def is_global(self) -> bool:
        """Whether the last feature map sees the whole picture by squeeze-excite, attention or the like."""
        return self.receptive is not None and any(self.receptive.whole)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, with the conventions."""
        receptive = self.receptive
        return {
            "name": self.name,
            "input_shapes": [list(shape) for shape in self.input_shapes],
            "output_shapes": [list(shape) for shape in self.output_shapes],
            "parameters": self.parameters,
            "bias_parameters": self.bias_parameters,
            "trainable_parameters": self.trainable,
            "weight_bytes": self.weight_bytes,
            **counts(self.cost),
            "arithmetic_intensity": self.cost.intensity if self.cost.bytes else None,
            "peak_memory": self.weight_bytes + self.peak_memory,
            "receptive_field": None if receptive is None else list(receptive.size),
            "effective_stride": None if receptive is None else list(self.effective_stride or ()),
            "effective_padding": None if receptive is None else list(receptive.padding),
            "global_field": None if receptive is None else list(receptive.whole),
            "aligned": None if receptive is None else receptive.aligned,
            "feature_map": None if self.feature_map is None else list(self.feature_map),
            "effective_field": _effective(self.effective),
            "uncounted": dict(self.uncounted),
            "by_operator": {name: counts(cost) for name, cost in self.by_operator.items()},
            "modules": self.modules.to_dict(),
            "notes": list(self.notes),
            "conventions": CONVENTION,
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and convention of each figure of the whole network, in words."""
        cost, receptive = self.cost, self.receptive
        lines = [
            ("input", ", ".join(map(shape_text, self.input_shapes)), ""),
            ("parameters", short(self.parameters), f"{short(self.bias_parameters)} of them biases"),
            ("MACs", short(cost.macs), f"convolutions and matrix products{self._hidden()}"),
            ("FLOPs", short(cost.flops), "2 * MACs, as FlopCounterMode counts"),
            ("multiplications", short(cost.multiplications), "K for each output that sums K products"),
            ("additions", short(cost.additions), f"{short(cost.additions_without_bias)} without biases"),
            ("elementwise", short(cost.elementwise), "normalisation, activation, pooling, sums"),
            ("activations", short(cost.activations), "values that these products give"),
            ("peak memory", f"{short(self.weight_bytes + self.peak_memory)}B",
             f"weights {short(self.weight_bytes)}B, values {short(self.peak_memory)}B"),
            ("bytes moved", f"{short(cost.bytes)}B", f"{cost.intensity:.3g} FLOPs a byte"),
        ]  # fmt: skip
        if receptive is None:
            return [*lines, ("receptive field", "none", "no map that depends on positions of the input")]
        where = f"stride {pair(receptive.stride)}, padding {pair(receptive.padding)}, at {shape_text(self.feature_map)}"
        where += "" if receptive.aligned else ", branches not aligned"
        lines.append(("receptive field", field_text(receptive), where))
        if self.effective is not None:
            top, left, bottom, right = self.effective.holding()
            what = f"{SHARE:.0%} of the gradient{', cut by the picture' * self.effective.is_cut}"
            what += f"; {self.effective.origin}" if self.effective.origin else ""
            lines.append(("effective field", pair((bottom - top, right - left)), what))
        return lines

    def _hidden(self) -> str:
        return f", without {', '.join(self.uncounted)}" if self.uncounted else ""

    def __str__(self) -> str:
        lines = [f"{name:<16} {value:<14} {how}".rstrip() for name, value, how in self.rows()]
        return "\n".join([self.name, *lines, *self.notes])


def _effective(field: EffectiveField | None) -> dict[str, Any] | None:
    if field is None:
        return None
    inside = field.holding()
    return {
        "share": SHARE,
        "size": [inside[2] - inside[0], inside[3] - inside[1]],
        "box": list(inside),
        "theoretical_box": list(field.box),
        "four_standard_deviations": list(field.size),
        "picture": list(field.weight.shape),
        "cut_by_the_picture": field.is_cut,
        "origin": field.origin,
    }
