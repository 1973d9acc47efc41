"""A reader whose sources say what happens: no network, no file."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mien.errors import InputError
from mien.faces import Faces, Frame
from mien.media import Source


@dataclass
class ScriptedReader:
    """`die*` kills its process, `once*` only the first time, `film*` has three frames, `refuse*` is a usage error."""

    folder: Path
    dead_at_start: bool = False

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self.dead_at_start:
            os._exit(7)

    def run(self, requests: list[Source], **options: object) -> Iterator[Frame]:
        for source in requests:
            name = source.name
            if name.startswith("refuse"):
                raise InputError("'every' must be a whole number.")
            first = not (self.folder / name).exists()
            (self.folder / name).touch()
            yield from (Frame(name, Faces.empty(), "no_face", index=i) for i in range(2 * name.startswith("film")))
            if name.startswith("die") or (name.startswith("once") and first):
                os.kill(os.getpid(), signal.SIGKILL)
            yield Frame(name, Faces.empty(), "no_face", index=os.getpid())
