"""The settings of a server when it starts: where it listens, who may call it, and its limits."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from mien.errors import InputError, expect


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one worker. Sizes in megabytes (of a million bytes) and megapixels, times in seconds."""

    body_mb: float = 64.0
    video_mb: float = 1024.0
    photos: int = 500
    photo_megapixels: float = 64.0
    frame_mb: float = 4.0
    frame_megapixels: float = 9.0
    requests: int = 64
    memory_mb: float = 2048.0
    together: int = 8
    wait_seconds: float = 60.0
    upload_seconds: float = 120.0
    head_seconds: float = 10.0
    stop_seconds: float = 30.0
    connections: int = 512
    live_connections: int = 4
    jobs: int = 20
    running_jobs: int = 1
    job_seconds: float = 3600.0
    job_frames: int = 200_000
    keep_seconds: float = 3600.0
    profile_seconds: float = 120.0

    def changed(self, texts: list[str]) -> Self:
        """With the values of NAME=VALUE texts.

        >>> Limits().changed(["photos=10"]).photos
        10
        """
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        changes = {}
        for text in texts:
            name, _, value = text.partition("=")
            expect(name in kinds, "limit", f"NAME=VALUE with a name of {', '.join(kinds)}", text)
            try:
                changes[name] = kinds[name](value)
            except ValueError as error:
                raise InputError(f"'limit' must be {name}=NUMBER. Got {text!r}.") from error
            expect(0 < changes[name] < 1e12, "limit", f"{name}=NUMBER above 0", text)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a server. token: empty where none is needed; origins: other sites whose pages may call it; folder: private,
    for uploads, shared by the workers."""

    token: str = ""
    origins: tuple[str, ...] = ()
    threads: int | None = None
    folder: Path | None = None
    limits: Limits = field(default_factory=Limits)
