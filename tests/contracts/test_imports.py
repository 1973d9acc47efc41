"""Which room may import which, read from the sources."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mien

ROOT = Path(mien.__file__).parent
HEAVY = {"torch", "lightning", "torchmetrics", "onnx", "onnxscript", "pydantic", "scipy", "numba", "matplotlib"}
HEAVY |= {"sklearn", "threadpoolctl"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "whole_file": {"errors"},
    "facs": {"errors"},
    "geometry": {"errors", "opencv"},
    "opencv": {"errors"},
    "ort": set(),
    "media": {"errors", "opencv"},
    "faces": {"errors", "facs"},
    "lowrank": {"errors", "opencv"},
    "events": {"errors", "faces", "facs"},
    "estimates": {"errors", "facs", "faces", "geometry"},
    "emotion": {"errors", "facs", "faces", "geometry"},
    "displays": {"errors", "faces", "geometry"},
    "tracking": {"errors", "estimates", "faces", "geometry", "opencv"},
    "drawing": {"errors", "events", "facs", "faces", "geometry", "media", "opencv"},
    "sinks": {"emotion", "errors", "events", "facs", "faces", "geometry"} | {"whole_file"},
    "runtime": {"errors", "faces", "estimates", "emotion", "geometry", "opencv", "ort"},
    "analyzer": {"displays", "errors", "emotion", "faces", "geometry", "media", "runtime", "tracking"},
    "face_groups": {"errors", "geometry", "lowrank", "media", "opencv", "runtime"},
    "preference": {"errors", "estimates"},
    "taste": {"errors", "estimates"},
    "taste_faces": {"analyzer", "errors", "geometry", "media", "taste"},
    "comparison": {"analyzer", "errors", "estimates", "faces", "geometry", "media", "opencv", "preference", "runtime"}
    | {"taste"},
    "train.losses": {"errors"},
    "train.backbones": {"errors"},
    "train.recipe": {"errors", "train.recipe_yaml"},
    "train.recipe_yaml": set(),
    "profile": {"errors", "ort", "train.backbones", "whole_file"},
    "train.metrics": {"errors", "geometry"},
    "train.data": {"emotion", "errors", "estimates", "facs", "geometry", "media", "opencv", "runtime", "train.recipe"}
    | {"whole_file"},
    "train.evidence_fit": {"emotion", "facs", "geometry"},
    "train.tasks": {"emotion", "errors", "estimates", "faces", "facs", "geometry", "train.data", "train.evidence_fit"}
    | {"train.losses", "train.metrics"},
    "train.model": {"errors", "train.backbones", "train.tasks"},
    "train.fold": set(),
    "train.trunks": {"errors"},
    "train.warm_start": {"errors", "train.fold", "train.model"},
    "train.engine": {"errors", "geometry", "train.data", "train.losses", "train.model", "train.recipe", "train.tasks"}
    | {"train.trunks", "train.warm_start"},
    "train.evaluate": {"errors", "faces", "facs", "geometry", "opencv", "runtime", "train.data", "train.metrics"}
    | {"whole_file"},
    "train.export": {"emotion", "errors", "estimates", "faces", "facs", "geometry", "ort", "runtime", "train.data"}
    | {
        "train.engine",
        "train.evaluate",
        "train.evidence_fit",
        "train.fold",
        "train.metrics",
        "train.model",
        "train.recipe",
        "train.tasks",
    },
    "train.landmark_route": {"errors", "faces", "geometry", "train.metrics"},
    "studies": {
        "analyzer",
        "comparison",
        "displays",
        "emotion",
        "errors",
        "estimates",
        "faces",
        "facs",
        "geometry",
        "lowrank",
        "media",
        "opencv",
        "preference",
        "profile",
        "runtime",
        "taste",
        "train.backbones",
        "train.data",
        "train.engine",
        "train.evidence_fit",
        "train.export",
    }
    | {"train.evaluate", "train.fold", "train.landmark_route", "train.losses", "train.metrics", "train.model"}
    | {"train.recipe", "train.tasks", "train.warm_start"},
}
"""The table of docs/architecture.md; `cli` and the façade may import anything, and nobody imports `cli`."""
FREE = {"cli", "", "train"}


def room(module: str) -> str:
    """`mien.datasets.crops` -> 'train.data', `mien.media.photo` -> 'media'."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2] if parts[:1] == ["train"] else parts[:1])


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            inside = (ROOT.parent / (node.module or "").replace(".", "/")).is_dir()
            names |= {f"{node.module}.{alias.name}" if inside else node.module or "" for alias in node.names}
    return names


def module_name(path: Path) -> str:
    return ".".join(("mien", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


FILES = sorted(path for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: module_name(path))
def test_room_imports_only_what_the_table_allows(path: Path) -> None:
    own = room(module_name(path))
    if own in FREE:
        return
    assert own in MAY_IMPORT, f"room {own!r} is not in the table"
    used = {room(name) for name in imports(path) if name.split(".")[0] == "mien"} - {own, ""}
    assert used <= MAY_IMPORT[own], f"{own} must not import {used - MAY_IMPORT[own]}"


def test_the_table_has_no_circle() -> None:
    done: set[str] = set()
    rest = dict(MAY_IMPORT)
    while rest:
        free = {name for name, needs in rest.items() if needs <= done}
        assert free, f"circle among {sorted(rest)}"
        done |= free
        rest = {name: needs for name, needs in rest.items() if name not in free}


def test_no_files_import_each_other_in_a_circle() -> None:
    names = {module_name(path): imports(path) for path in FILES}
    own = {name: {one for one in found if one in names and one != name} for name, found in names.items()}
    assert len(list(TopologicalSorter(own).static_order())) == len(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: module_name(path))
def test_only_the_training_wing_imports_what_only_it_installs(path: Path) -> None:
    if room(module_name(path)).split(".")[0] in ("train", "profile", "studies"):
        return
    assert not {name.split(".")[0] for name in imports(path)} & HEAVY


@pytest.mark.parametrize(("package", "home"), [("onnxruntime", "ort"), ("cv2", "opencv")])
def test_a_package_is_imported_in_the_room_that_knows_its_faults(package: str, home: str) -> None:
    users = {room(module_name(path)) for path in FILES if package in {n.split(".")[0] for n in imports(path)}}
    assert users == {home}
