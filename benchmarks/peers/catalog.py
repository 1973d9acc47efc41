"""The peers, each told by the head of its runner file: packages to install, and what it reads in a face."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNERS = Path(__file__).parent / "runners"
HEADS = ("age", "emotion", "smile")
_BLOCK = re.compile(r"^(?:#|//) /// script\n(.*?)^(?:#|//) ///$", re.S | re.M)


@dataclass(frozen=True, slots=True)
class Peer:
    """A runner file and what its head says.

    heads: some of 'age', 'emotion', 'smile'. python: the versions it runs on. bare: packages installed without what
    they ask for. here: whether it runs in this very environment, as mien does.
    """

    name: str
    file: Path
    heads: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    python: str = ">=3.11"
    here: bool = False

    @property
    def is_node(self) -> bool:
        """Whether it is JavaScript."""
        return self.file.suffix == ".cjs"

    @property
    def requirements(self) -> str:
        """All that is installed for it, as text."""
        return "\n".join((self.python, *self.dependencies, "without dependencies:", *self.bare))

    def digest(self) -> str:
        """8 digits that change with the runner, what it shares with others, and for mien with its code and weights."""
        files = [self.file, *sorted(RUNNERS.glob(f"contract{self.file.suffix}"))]
        if self.is_node:
            files += [RUNNERS / name for name in re.findall(r'require\("\./(peer_\w+\.cjs)"\)', self.file.read_text())]
        return _digest([*files, *(_mien_files() if self.here else ())])


def peers(folder: Path = RUNNERS) -> dict[str, Peer]:
    """All peers by name, mien first."""
    found = [read_peer(file) for file in sorted([*folder.glob("peer_*.py"), *folder.glob("peer_*.cjs")])]
    return {peer.name: peer for peer in sorted(found, key=lambda peer: not peer.here)}


def read_peer(file: Path) -> Peer:
    """The peer of a runner file. Raises ValueError for a head that is missing or says something else."""
    block = _BLOCK.search(file.read_text(encoding="utf-8"))
    if block is None:
        raise ValueError(f"{file.name!r} must begin with a block '/// script'. Got none.")
    head = tomllib.loads(re.sub(r"^(#|//) ?", "", block.group(1), flags=re.M))
    told: dict[str, Any] = head["tool"]["peer"]
    heads = tuple(told["heads"])
    if not heads or not set(heads) <= set(HEADS):
        raise ValueError(f"'heads' of {file.name!r} must be some of {', '.join(HEADS)}. Got {list(heads)!r}.")
    return Peer(
        file.stem.removeprefix("peer_").replace("_", "-"),
        file,
        heads,
        tuple(head.get("dependencies", ())),
        tuple(told.get("bare", ())),
        head.get("requires-python", ">=3.11"),
        bool(told.get("here", False)),
    )


def _mien_files() -> list[Path]:
    """Code and weights that a photo meets."""
    import mien

    root = Path(mien.__file__).parent
    not_met = ("train", "studies", "profile", "cli")
    files = (file for kind in ("*.py", "*.onnx", "*.json") for file in root.rglob(kind))
    return sorted(file for file in files if file.relative_to(root).parts[0] not in not_met)


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
