"""Tasks: what is read from a face. A task owns its labels, decoding, calibration, metrics and panels; no torch.

The part that learns, head and loss, stands in `mien.train.tasks` under the same file names. A task of your own is one
class and one entry point of the group `mien.tasks`, see docs/tasks.md.
"""

from mien.tasks.base import ColumnLabel, Labels, Metric, Panel, Read, Row, Task
from mien.tasks.registry import calibrate, decode, decoding_of, list_tasks, split_tasks, task_named, tasks_of

__all__ = [
    "ColumnLabel",
    "Labels",
    "Metric",
    "Panel",
    "Read",
    "Row",
    "Task",
    "calibrate",
    "decode",
    "decoding_of",
    "list_tasks",
    "split_tasks",
    "task_named",
    "tasks_of",
]
