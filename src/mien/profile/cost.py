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

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from mien.profile.graph import Operation, Value
from mien.profile.moves import MOVES, source
from mien.profile.operators import ATTENTION, FRESH, MATRIX_PRODUCTS, NORMALISATIONS, REDUCTIONS
from mien.profile.windows import CONVOLUTIONS, sliding, windows

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
    if operation.view or operation.name in FRESH:
        return Cost()
    moved = sum({value.id: value.nbytes for value in operation.inputs}.values())
    moved += sum(value.nbytes for value in operation.outputs)
    rule = PRODUCTS.get(operation.name)
    if rule is None:
        return Cost(elementwise=_elementwise(operation), bytes=moved)
    macs, sums, biased = rule(operation)
    output = operation.outputs[0].numel
    bias = output if biased else 0
    return Cost(macs, macs - sums + bias, bias, 0, output, moved)


Products = tuple[int, int, bool]
"""Multiplications, sums that they go into, and whether a bias is added."""


def _convolution(operation: Operation) -> Products:
    given = operation.attributes
    x, weight, output = given["input"], given["weight"], operation.outputs[0]
    biased = given["bias"] is not None
    if not given["transposed"]:
        return output.numel * prod(weight.shape[1:]), output.numel, biased
    found = sliding(operation)
    settings = zip(x.shape[2:], found.kernel, found.stride, found.dilation, strict=True)
    reached = prod(len({i * s + j * d for i in range(side) for j in range(k)}) for side, k, s, d in settings)
    # Each input is spread over k * k outputs: counted before the padding is cut off, as FlopCounterMode does.
    return x.numel * prod(weight.shape[1:]), reached * output.shape[0] * output.shape[1], biased


def _product(operation: Operation) -> Products:
    first, second = operation.inputs[-2:]
    output = operation.outputs[0].numel
    return output * first.shape[-1], output, len(operation.inputs) > 2 and bool(second)


def _linear(operation: Operation) -> Products:
    given, output = operation.attributes, operation.outputs[0].numel
    return output * given["input"].shape[-1], output, given.get("bias") is not None


def _attention(operation: Operation) -> Products:
    query, key, value = (operation.attributes[name] for name in ("query", "key", "value"))
    rows = prod(query.shape[:-1])
    scores, mixed = rows * key.shape[-2], rows * value.shape[-1]
    return scores * query.shape[-1] + mixed * key.shape[-2], scores + mixed, False


PRODUCTS: dict[str, Callable[[Operation], Products]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    **dict.fromkeys(MATRIX_PRODUCTS, _product),
    "linear": _linear,
    **dict.fromkeys(ATTENTION, _attention),
}


def _elementwise(operation: Operation) -> int:
    name, output = operation.name, operation.outputs[0].numel
    if "adaptive" in name or name in REDUCTIONS:
        return source(operation).numel
    if (found := windows(operation)) is not None and name != "im2col":
        return output * prod(found.kernel)
    if name in NORMALISATIONS:
        return 2 * output
    if "softmax" in name:
        return 3 * output
    return 0 if name in MOVES or name in ("im2col", "clone", "_to_copy", "copy", "written") else output


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
