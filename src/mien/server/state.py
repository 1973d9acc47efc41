"""What the routes of one worker share."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request, WebSocket

from mien.server.gate import Gate
from mien.server.jobs import Jobs
from mien.server.metrics import Metrics
from mien.server.photos import PhotoReader
from mien.server.readers import Readers
from mien.server.settings import Limits, Settings


@dataclass(slots=True)
class Worker:
    """The networks, the queue, the jobs and the limits of one process."""

    settings: Settings
    metrics: Metrics
    readers: Readers
    photos: PhotoReader
    jobs: Jobs
    gate: Gate
    stopping: bool = False
    live: int = 0

    @property
    def limits(self) -> Limits:
        """Of this server."""
        return self.settings.limits


def worker_of(request: Request | WebSocket) -> Worker:
    """The worker that a request or a socket came to."""
    return cast(Worker, request.app.state.worker)
