"""The profiler: parameters, operations, memory and receptive field of any torch module or ONNX file.

>>> from mien.profile import profile
>>> found = profile("mobilenet_v1")
>>> found.parameters, found.macs, found.receptive_field, found.effective_stride
(4231976, 568740352, (315, 315), (32, 32))
"""

from mien.profile.cost import CONVENTION, Cost
from mien.profile.profiler import profile
from mien.profile.receptive_field import Receptive
from mien.profile.recurrence import Step, explain
from mien.profile.report import Report
from mien.profile.tree import Module

__all__ = ["CONVENTION", "Cost", "Module", "Receptive", "Report", "Step", "explain", "profile"]
