"""An environment of its own for every peer, in a folder that git ignores, filled from the package registries once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.specifiers import SpecifierSet

from peers.catalog import RUNNERS, Peer

ENVIRONMENTS = Path(__file__).parent / "environments"
_ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip


def install(peer: Peer, root: Path = ENVIRONMENTS) -> Path:
    """The folder of a peer's environment, made if it is not there or was made for other packages.

    Raises RuntimeError when a package cannot be had.
    """
    folder = root / peer.name
    mark = folder / "installed.txt"
    if peer.here or (mark.is_file() and mark.read_text(encoding="utf-8") == peer.requirements):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in _node_commands(peer) if peer.is_node else _python_commands(peer, folder):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:6])} ... failed for {peer.name}: {done.stderr[-600:].strip()}")
    mark.write_text(peer.requirements, encoding="utf-8")
    return folder


def command_of(peer: Peer, root: Path = ENVIRONMENTS) -> tuple[list[str], dict[str, str]]:
    """Command line of a peer's runner, to which the file of rows is added, and its variables: one thread, no GPU."""
    folder = root / peer.name
    variables = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "CUDA_VISIBLE_DEVICES": ""}
    if peer.is_node:
        return ["node", str(peer.file)], {**variables, "NODE_PATH": str(folder / "node_modules")}
    if peer.here:
        return [sys.executable, str(peer.file)], {**variables, "PYTHONPATH": os.pathsep.join([str(RUNNERS), *sys.path])}
    return [str(folder / "bin" / "python"), str(peer.file)], {**variables, "PYTHONPATH": str(RUNNERS)}


def _node_commands(peer: Peer) -> list[list[str]]:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"{peer.name} needs Node.js with npm. Neither is installed.")
    return [[npm, "init", "--yes"], [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", *peer.dependencies]]


def _python_commands(peer: Peer, folder: Path) -> list[list[str]]:
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet"]
    commands = [[_interpreter(peer.python), "-m", "venv", str(folder)]]
    commands += [[*pip, *peer.dependencies]] if peer.dependencies else []
    return commands + ([[*pip, "--no-deps", *peer.bare]] if peer.bare else [])


def _interpreter(wanted: str) -> str:
    """A Python of a wanted version, this one first. Raises RuntimeError where there is none."""
    versions = SpecifierSet(wanted)
    if f"{sys.version_info.major}.{sys.version_info.minor}" in versions:
        return sys.executable
    names = (f"python3.{minor}" for minor in range(13, 8, -1) if f"3.{minor}" in versions)
    found = next((path for name in names if (path := shutil.which(name)) and _runs(path)), None)
    if found is None:
        raise RuntimeError(f"A Python {wanted} is needed. None was found.")
    return found


def _runs(python: str) -> bool:
    """Whether it starts: a shim of a version manager may stand for a version that is not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
