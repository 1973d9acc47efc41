"""Tasks: label space, head, loss, decoding, measures."""

from mien.train.tasks.base import LabelSpace, Task
from mien.train.tasks.registry import ATTRIBUTE_TASKS, TASKS, create_task

__all__ = ["ATTRIBUTE_TASKS", "TASKS", "LabelSpace", "Task", "create_task"]
