"""The receptive field of a chain, step by step from the last layer to the first.

RF = 1; for each layer, the last one first: RF = (RF - 1) * stride + (kernel - 1) * dilation + 1. In a graph with
branches the chain is the path with the widest field.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mien.errors import expect
from mien.profile.graph import Operation, Value
from mien.profile.receptive_field import last_map
from mien.profile.report import Report
from mien.profile.windows import windows


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of the chain: `after` is the field before it is applied, `field` with it."""

    module: str
    operator: str
    kernel: int
    stride: int
    dilation: int
    after: int
    field: int

    def __str__(self) -> str:
        reach = f"({self.kernel} - 1) * {self.dilation} + 1" if self.dilation > 1 else str(self.kernel)
        return f"RF = ({self.after} - 1) * {self.stride} + {reach} = {self.field}   {self.module or self.operator}"


def explain(report: Report, axis: int = 0) -> list[Step]:
    """The steps for one spatial axis (0: height) of the last feature map, from the last layer to the first.

    The last step has the field of the report unless a transposed convolution or branches that are not aligned stand in
    between, for which the recurrence does not hold. Raises InputError for a network without a feature map.

    >>> from torch import nn
    >>> from mien.profile import profile
    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.Conv2d(8, 8, 3, dilation=2), nn.MaxPool2d(2))
    >>> for step in explain(profile(net, 32)):
    ...     print(step)
    RF = (1 - 1) * 2 + 2 = 2   2
    RF = (2 - 1) * 1 + (3 - 1) * 2 + 1 = 6   1
    RF = (6 - 1) * 2 + 3 = 13   0
    """
    value = last_map(report.graph, report.fields)
    expect(value is not None, "report", "of a network with a feature map", report.name)
    steps, size = [], 1
    for operation in _path(report, value, axis):
        geometry = windows(operation)
        if geometry is None or geometry.transposed:
            continue
        kernel, stride, dilation = geometry.kernel[axis], geometry.stride[axis], geometry.dilation[axis]
        before, size = size, (size - 1) * stride + (kernel - 1) * dilation + 1
        if (kernel, stride) != (1, 1):
            steps.append(Step(operation.module, operation.name, kernel, stride, dilation, before, size))
    return steps


def _path(report: Report, value: Value | None, axis: int) -> Iterator[Operation]:
    """Operations from the last map back to the input, at each merge by the operand with the widest field."""
    makers = {output.id: operation for operation in report.graph.operations for output in operation.outputs}
    while value is not None and value.id in makers:
        operation = makers[value.id]
        yield operation
        sizes = {v.id: (_size(report, v, axis), -k) for k, v in enumerate(operation.inputs)}
        value = max(operation.inputs, key=lambda v: sizes[v.id], default=None)
        if value is not None and not sizes[value.id][0]:
            return


def _size(report: Report, value: Value, axis: int) -> int:
    field = report.fields.get(value.id, {}).get((0, axis + 2))
    return field.size if field else 0
