"""Tasks: label space, head, loss, decoding, metrics."""

from mien.train.tasks.base import LabelSpace, Task
from mien.train.tasks.registry import create_task

__all__ = ["LabelSpace", "Task", "create_task"]
