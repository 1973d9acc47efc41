"""The training wing: what makes the models. Needs `pip install 'mien[train]'`.

Names are loaded when first used.
"""

from typing import TYPE_CHECKING, Any

_HOME = {
    "FaceModel": "mien.train.model",
    "Recipe": "mien.train.recipe",
    "create_backbone": "mien.train.backbones",
    "create_task": "mien.train.tasks",
    "export_int8": "mien.train.export.exporter",
    "export_run": "mien.train.export.exporter",
    "fit": "mien.train.engine.trainer",
    "list_backbones": "mien.train.backbones",
    "load_recipe": "mien.train.recipe",
    "read_weights": "mien.train.warm_start",
}
__all__ = [
    "FaceModel",
    "Recipe",
    "create_backbone",
    "create_task",
    "export_int8",
    "export_run",
    "fit",
    "list_backbones",
    "load_recipe",
    "read_weights",
]

if TYPE_CHECKING:
    from mien.train.backbones import create_backbone, list_backbones
    from mien.train.engine.trainer import fit
    from mien.train.export.exporter import export_int8, export_run
    from mien.train.model import FaceModel
    from mien.train.recipe import Recipe, load_recipe
    from mien.train.tasks import create_task
    from mien.train.warm_start import read_weights


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mien.train' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
