"""Which room may import which, read from the sources."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mien

ROOT = Path(mien.__file__).parent
HEAVY = {"torch", "lightning", "torchmetrics", "onnx", "onnxscript", "pydantic", "scipy", "numba", "matplotlib"}
HEAVY |= {"sklearn", "threadpoolctl"}
EXTRAS = {
    "datasets": {"pydantic"},
    "evaluate": {"matplotlib", "pydantic"},
    "schemas": {"pydantic"},
    "server": {"pydantic"},
}
"""What a room may import beside the base install: what its own small extra brings."""
BASE = {"errors", "facs", "geometry", "faces", "estimates", "opencv", "files"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "ort": set(),
    "files": {"errors"},
    "facs": {"errors"},
    "opencv": {"errors"},
    "geometry": {"errors", "opencv"},
    "media": {"errors", "opencv"},
    "faces": {"errors", "facs", "opencv"},
    "estimates": {"errors", "facs", "faces", "geometry"},
    "lowrank": {"errors"},
    "expression": {"errors", "faces", "facs", "geometry"},
    "metrics": {"errors", "geometry"},
    "tasks": {"errors", "estimates", "faces", "facs", "geometry", "metrics"},
    "tracking": {"errors", "estimates", "faces", "geometry", "opencv"},
    "drawing": {"errors", "expression", "facs", "faces", "geometry", "media", "opencv"},
    "runtime": {"errors", "estimates", "expression", "faces", "geometry", "opencv", "ort", "tasks"},
    "parallel": {"errors", "faces", "media", "opencv"},
    "video": {"errors", "expression", "faces", "geometry", "runtime", "tasks", "tracking"},
    "sinks": {"errors", "expression", "facs", "faces", "files", "geometry", "opencv", "video"},
    "analyzer": {"errors", "expression", "faces", "geometry", "media", "parallel", "runtime", "tracking", "video"},
    "cluster": {"analyzer", "errors", "faces", "media", "parallel", "sinks"},
    "cleaning": {"errors", "geometry", "lowrank", "media", "opencv", "runtime"},
    "preference": {"analyzer", "errors", "estimates", "faces", "files", "geometry", "media", "opencv"}
    | {"runtime", "tasks"},
    "client": {"errors", "faces"},
    "server": BASE
    | {"analyzer", "schemas", "tasks", "drawing", "expression", "media", "preference", "runtime", "sinks"},
    "datasets": {"errors", "expression", "facs", "files", "geometry", "media", "opencv", "parallel", "runtime"}
    | {"tasks"},
    "evaluate": BASE | {"datasets", "metrics", "parallel", "runtime", "tasks"},
    "train.losses": {"errors"},
    "schemas": {"errors", "expression", "faces", "facs"},
    "train.backbones": {"errors", "runtime", "train.fold", "train.warm_start"},
    "train.recipe_yaml": set(),
    "train.recipe_parts": {"datasets"},
    "train.recipe": {"datasets", "errors", "train.recipe_parts", "train.recipe_yaml"},
    "synthesis": {"datasets", "errors", "files", "facs", "geometry", "opencv", "parallel", "train.recipe"},
    "profile": {"errors", "ort", "train.backbones", "files"},
    "train.data": BASE | {"datasets", "media", "runtime", "tasks", "train.recipe"},
    "train.evidence_fit": {"expression", "facs", "geometry"},
    "train.tasks": BASE
    | {"datasets", "metrics", "tasks", "expression", "train.data", "train.evidence_fit", "train.losses"},
    "train.model": {"errors", "train.backbones", "train.tasks"},
    "train.fold": set(),
    "train.trunks": {"errors", "files"},
    "train.warm_start": {"errors", "train.fold"},
    "train.engine": {
        "datasets",
        "errors",
        "files",
        "geometry",
        "tasks",
        "train.data",
        "train.losses",
        "train.model",
        "train.recipe",
    }
    | {"train.tasks", "train.trunks", "train.warm_start"},
    "train.export": BASE
    | {"datasets", "evaluate", "expression", "ort", "runtime", "train.data", "train.engine", "train.evidence_fit"}
    | {"metrics", "tasks", "train.fold", "train.model", "train.recipe", "train.tasks"},
    "studies": BASE
    | {"analyzer", "datasets", "evaluate", "expression", "lowrank", "media", "preference", "profile", "runtime"}
    | {
        "metrics",
        "synthesis",
        "tasks",
        "train.backbones",
        "train.data",
        "train.engine",
        "train.evidence_fit",
        "train.export",
        "train.fold",
    }
    | {"train.losses", "train.model", "train.recipe", "train.tasks", "train.warm_start"},
}
"""The table of docs/architecture.md; `cli` and the façade may import anything; nobody imports `cli` or `server`."""
FREE = {"cli", "", "train"}


def room(module: str) -> str:
    """`mien.datasets.crops` -> 'train.data', `mien.media.photo` -> 'media'."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2] if parts[:1] == ["train"] else parts[:1])


@cache
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
    if room(module_name(path)).split(".")[0] in ("train", "synthesis", "profile", "studies"):
        return
    assert not {name.split(".")[0] for name in imports(path)} & (HEAVY - EXTRAS.get(room(module_name(path)), set()))


@pytest.mark.parametrize(("package", "home"), [("onnxruntime", "ort"), ("cv2", "opencv")])
def test_a_package_is_imported_in_the_room_that_knows_its_faults(package: str, home: str) -> None:
    users = {room(module_name(path)) for path in FILES if package in {n.split(".")[0] for n in imports(path)}}
    assert users == {home}
