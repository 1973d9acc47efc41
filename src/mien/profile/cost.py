"""What an operation costs: products and sums apart, with and without bias, values kept, bytes moved.

Conventions, that every report repeats:

- multiplications and additions are those of convolutions and matrix products (linear layers, attention). An output
  that sums K = k * k * C_in / groups products takes K multiplications and K - 1 additions, and one more with a bias.
  Products with the zeros of a padding count.
- MACs: multiply-accumulates, one for each multiplication. FLOPs = 2 * MACs, as torch's FlopCounterMode counts.
- elementwise: everything else, one operation for each value that a window or a sum reads or that an operator gives, two
  for normalisation (scale and shift), three for softmax.
- activations: values that convolutions and matrix products give, as in Radosavovic et al. 2020, "Designing Network
  Design Spaces".
- bytes: what operators read and write, weights included, each operator on its own; views move nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from mien.profile.graph import Operation, Value
from mien.profile.moves import MOVES, source
from mien.profile.operators import (
    ALONG,
    COPIES,
    FRESH,
    MAYBE_REDUCTIONS,
    NO_FIELD_RULE,
    NORMALISATIONS,
    REDUCTIONS,
    is_entrywise,
)
from mien.profile.picking import PICKING
from mien.profile.products import PRODUCTS
from mien.profile.resampling import RESAMPLING
from mien.profile.windows import POOLS, windows

CONVENTION = {
    "macs": "multiply-accumulates of convolutions and matrix products, products with padding included",
    "flops": "2 * MACs, as torch's FlopCounterMode counts; no bias, normalisation, activation or pooling",
    "multiplications": "K for each output that sums K products; additions: K - 1 without bias, K with it",
    "elementwise": "the rest: one an output or value read, two for normalisation, three for softmax",
    "activations": "values that convolutions and matrix products give",
    "bytes": "read and written by each operator on its own, weights included",
    "peak_memory": "weights, and the most values alive at once, each freed after its last use",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Counts of one operation, or of many. additions include those of biases.

    >>> Cost(macs=9, additions=9, bias_additions=1) + Cost(macs=1)
    Cost(macs=10, additions=9, bias_additions=1, elementwise=0, activations=0, bytes=0)
    """

    macs: int = 0
    additions: int = 0
    bias_additions: int = 0
    elementwise: int = 0
    activations: int = 0
    bytes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.macs + other.macs,
            self.additions + other.additions,
            self.bias_additions + other.bias_additions,
            self.elementwise + other.elementwise,
            self.activations + other.activations,
            self.bytes + other.bytes,
        )

    @property
    def multiplications(self) -> int:
        """One for each multiply-accumulate."""
        return self.macs

    @property
    def additions_without_bias(self) -> int:
        """K - 1 for each output that sums K products."""
        return self.additions - self.bias_additions

    @property
    def flops(self) -> int:
        """Two for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def intensity(self) -> float:
        """FLOPs a byte moved; NaN where none is."""
        return self.flops / self.bytes if self.bytes else float("nan")


def cost(operation: Operation) -> Cost:
    """The counts of one operation.

    >>> weight, x, out = Value(0, (8, 3, 3, 3)), Value(1, (1, 3, 5, 5)), Value(2, (1, 8, 3, 3))
    >>> given = {"input": x, "weight": weight, "bias": None, "transposed": False}
    >>> found = cost(Operation("convolution", given, (out,)))
    >>> found.multiplications, found.additions
    (1944, 1872)
    """
    if operation.view or operation.name in FRESH or not operation.outputs:
        return Cost()
    moved = sum({value.id: value.nbytes for value in operation.inputs}.values())
    moved = (moved + sum(value.nbytes for value in operation.outputs)) * operation.times
    rule = PRODUCTS.get(operation.name)
    if rule is None:
        return Cost(elementwise=_elementwise(operation) * operation.times, bytes=moved)
    macs, sums, biased = (number * operation.times for number in rule(operation))
    output = operation.outputs[0].numel * operation.times
    bias = output if biased else 0
    return Cost(macs, macs - sums + bias, bias, 0, output, moved)


def uncounted(operations: Iterable[Operation]) -> dict[str, int]:
    """The operators that no rule knows, so that products may hide in them, with the number of their calls.

    >>> x = Value(0, (3, 3))
    >>> uncounted([Operation("linalg_inv_ex", {"A": x}, (x,)), Operation("relu", {"self": x}, (x,))])
    {'linalg_inv_ex': 1}
    """
    calls: dict[str, int] = {}
    for operation in operations:
        if not operation.view and not is_known(operation.name):
            calls[operation.name] = calls.get(operation.name, 0) + operation.times
    return calls


def is_known(name: str) -> bool:
    """Whether an operator's products are counted, or it is known to have none."""
    return name in PRODUCTS or name in WITHOUT_PRODUCTS or is_entrywise(name)


WITHOUT_PRODUCTS = frozenset((
    *MOVES, *RESAMPLING, *POOLS, *REDUCTIONS, *MAYBE_REDUCTIONS, *ALONG, *NORMALISATIONS, *FRESH, *NO_FIELD_RULE,
    *PICKING, "im2col", "grid_sampler_2d", "grid_sampler_3d",
))  # fmt: skip


def _elementwise(operation: Operation) -> int:
    name, output = operation.name, operation.outputs[0].numel
    if "adaptive" in name or name in REDUCTIONS or _reduces(operation):
        return source(operation).numel
    if (window := windows(operation)) is not None and name != "im2col":
        return output * prod(window.kernel)
    if name in NORMALISATIONS:
        return 2 * output
    if "softmax" in name:
        return 3 * output
    return 0 if name in MOVES or name in COPIES or name == "im2col" else output


def _reduces(operation: Operation) -> bool:
    return operation.name in MAYBE_REDUCTIONS and "other" not in operation.attributes


def peak_memory(operations: tuple[Operation, ...], inputs: tuple[Value, ...], outputs: tuple[Value, ...]) -> int:
    """The most bytes of values alive at once, inputs included and weights left out; views share the memory."""
    last: dict[int, int] = {}
    size: dict[int, int] = {}
    born: dict[int, int] = {value.storage: -1 for value in inputs}
    weights = {v.storage for o in operations for v in o.inputs if v.kind in ("parameter", "constant")}
    for step, operation in enumerate(operations):
        for value in (*operation.inputs, *operation.outputs):
            last[value.storage] = step
            size[value.storage] = max(size.get(value.storage, 0), value.nbytes)
        for value in operation.outputs:
            born.setdefault(value.storage, step)
    last.update({value.storage: len(operations) for value in outputs})
    changes = [0] * (len(operations) + 3)
    for storage, step in born.items():
        if storage not in weights and storage in size:
            changes[step + 1] += size[storage]
            changes[last[storage] + 2] -= size[storage]
    peak = now = 0
    for change in changes:
        now += change
        peak = max(peak, now)
    return peak
