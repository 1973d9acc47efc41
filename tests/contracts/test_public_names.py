"""What users import: each public room exports its names, all of them are there and told of in their docstrings."""

import inspect
from importlib import import_module

import pytest

LIGHT = ("mien", "mien.expression", "mien.faces", "mien.lowrank", "mien.preference", "mien.tasks", "mien.schemas")
TORCH = ("mien.train", "mien.train.backbones", "mien.train.losses", "mien.train.tasks", "mien.profile")
EXPECTED = {
    "mien.expression": {"EvidenceModel", "Event", "events_in", "load_evidence"},
    "mien.lowrank": {"RobustPCA", "nuclear_norm", "principal_component_pursuit"},
    "mien.preference": {"Comparison", "Preference", "Taste", "compare", "rank_photos"},
    "mien.tasks": {"Task", "list_tasks", "task_named"},
    "mien.train": {"FaceModel", "Recipe", "create_backbone", "create_task", "fit", "export_run", "load_recipe"},
    "mien.train.backbones": {"Backbone", "create_backbone", "create_classifier", "list_backbones"},
    "mien.train.losses": {"softmax_cross_entropy_loss", "mixup", "l2_penalty"},
    "mien.train.tasks": {"LabelSpace", "Task", "create_task"},
    "mien.profile": {"profile", "explain"},
}


def check(room: str) -> None:
    module = import_module(room)
    names = module.__all__
    assert sorted(set(names)) == sorted(names)
    assert EXPECTED.get(room, set()) <= set(names)
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{room}.{name} has no docstring"


@pytest.mark.parametrize("room", LIGHT)
def test_light_rooms(room: str) -> None:
    check(room)


@pytest.mark.parametrize("room", TORCH)
def test_rooms_of_the_training_wing(room: str) -> None:
    pytest.importorskip("lightning", reason="the training wing needs mien[train]")
    pytest.importorskip("onnx")
    check(room)


def test_other_names_are_no_attributes() -> None:
    module = import_module("mien.train")
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match=r"'mien\.train' has no attribute 'nothing'"):
        module.nothing  # noqa: B018
