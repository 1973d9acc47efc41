"""A client of `mien serve`, with and without async. Needs httpx (`pip install 'mien[serve]'`).

with Client("http://127.0.0.1:8765") as client:
    rows = client.analyze("family.jpg", "party.jpg", heads="expression,age")
    job = client.video("party.mp4", every=2)
    job = client.wait(job["id"])
    rows = client.video_rows(job["id"])

AsyncClient has the same methods, to be awaited. Errors of the server are `ServiceError`.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import httpx

from mien.errors import MienError
from mien.faces import FaceRow

Photo = str | os.PathLike[str] | tuple[str, bytes]
"""A path, or a name with what the file holds."""
_ENDS = ("done", "error", "stopped")
_POLL_SECONDS = 0.25
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


class ServiceError(MienError):
    """What the server answered instead: status, and retry_after in seconds where it says so."""

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.retry_after = status, retry_after


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = response.text[:200] or response.reason_phrase
    wait = response.headers.get("retry-after", "")
    raise ServiceError(response.status_code, detail, float(wait) if wait.isdecimal() else None)


@contextmanager
def _form(photos: tuple[Photo, ...], fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Arguments of a request that sends files and fields; None is left out."""
    with ExitStack() as stack:

        def part(photo: Photo) -> tuple[str, bytes | BinaryIO]:
            if isinstance(photo, tuple):
                return photo
            return Path(photo).name, stack.enter_context(Path(photo).open("rb"))

        files = [("files", part(photo)) for photo in photos]
        yield {"files": files, "data": {name: _text(value) for name, value in fields.items() if value is not None}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _taste(taste: dict[str, Any] | str | os.PathLike[str] | None) -> Any:
    """A taste, or the content of its file."""
    return taste if taste is None or isinstance(taste, dict) else Path(taste).read_text(encoding="utf-8")


def _options(url: str, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return {"base_url": url, "headers": headers, "timeout": _TIMEOUT, "trust_env": False}


class Client:
    """Calls a server and waits for its answers. Options are those of `mien analyze`, as docs/serve.md lists them."""

    def __init__(self, url: str = "http://127.0.0.1:8765", token: str = "") -> None:
        self.http = httpx.Client(**_options(url, token))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        """JSON of any path."""
        return _checked(self.http.get(path, params=query)).json()

    def _post(self, path: str, photos: tuple[Photo, ...], fields: dict[str, Any]) -> Any:
        with _form(photos, fields) as body:
            return _checked(self.http.post(path, **body)).json()

    def analyze(self, *photos: Photo, **options: Any) -> list[FaceRow]:
        """Rows of photos."""
        return cast(list[FaceRow], self._post("/v1/analyze", photos, options))

    def stream(self, *photos: Photo, **options: Any) -> Iterator[FaceRow]:
        """Rows of photos, each as soon as it is there."""
        with (
            _form(photos, {**options, "format": "ndjson"}) as body,
            self.http.stream("POST", "/v1/analyze", **body) as response,
        ):
            if response.is_error:
                response.read()
            for line in _checked(response).iter_lines():
                yield json.loads(line)

    def compare(self, a: Photo, b: Photo, taste: Any = None) -> dict[str, Any]:
        """Which of two photos of a person would be preferred."""
        return cast(dict[str, Any], self._post("/v1/compare", (a, b), {"taste": _taste(taste)}))

    def rank(self, *photos: Photo, taste: Any = None) -> list[dict[str, Any]]:
        """Photos of a person, best first."""
        return cast(list[dict[str, Any]], self._post("/v1/rank", photos, {"taste": _taste(taste)}))

    def video(self, video: Photo, **options: Any) -> dict[str, Any]:
        """A job that reads a video."""
        return cast(dict[str, Any], self._post("/v1/videos", (video,), options))

    def wait(self, job: str) -> dict[str, Any]:
        """The state of a job when it has ended. Raises ServiceError where it failed."""
        while (state := self.get(f"/v1/videos/{job}"))["state"] not in _ENDS:
            time.sleep(_POLL_SECONDS)
        return _ended(state)

    def video_rows(self, job: str) -> list[FaceRow]:
        """Rows of a job that has ended."""
        return cast(list[FaceRow], self.get(f"/v1/videos/{job}/rows"))

    def delete(self, job: str) -> None:
        """Stop a job and remove all of it."""
        _checked(self.http.delete(f"/v1/videos/{job}"))


class AsyncClient:
    """`Client` for async programs."""

    def __init__(self, url: str = "http://127.0.0.1:8765", token: str = "") -> None:
        self.http = httpx.AsyncClient(**_options(url, token))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """JSON of any path."""
        return _checked(await self.http.get(path, params=query)).json()

    async def _post(self, path: str, photos: tuple[Photo, ...], fields: dict[str, Any]) -> Any:
        with _form(photos, fields) as body:
            return _checked(await self.http.post(path, **body)).json()

    async def analyze(self, *photos: Photo, **options: Any) -> list[FaceRow]:
        """Rows of photos."""
        return cast(list[FaceRow], await self._post("/v1/analyze", photos, options))

    async def compare(self, a: Photo, b: Photo, taste: Any = None) -> dict[str, Any]:
        """Which of two photos of a person would be preferred."""
        return cast(dict[str, Any], await self._post("/v1/compare", (a, b), {"taste": _taste(taste)}))

    async def rank(self, *photos: Photo, taste: Any = None) -> list[dict[str, Any]]:
        """Photos of a person, best first."""
        return cast(list[dict[str, Any]], await self._post("/v1/rank", photos, {"taste": _taste(taste)}))

    async def video(self, video: Photo, **options: Any) -> dict[str, Any]:
        """A job that reads a video."""
        return cast(dict[str, Any], await self._post("/v1/videos", (video,), options))

    async def wait(self, job: str) -> dict[str, Any]:
        """The state of a job when it has ended. Raises ServiceError where it failed."""
        while (state := await self.get(f"/v1/videos/{job}"))["state"] not in _ENDS:
            await asyncio.sleep(_POLL_SECONDS)
        return _ended(state)

    async def video_rows(self, job: str) -> list[FaceRow]:
        """Rows of a job that has ended."""
        return cast(list[FaceRow], await self.get(f"/v1/videos/{job}/rows"))

    async def delete(self, job: str) -> None:
        """Stop a job and remove all of it."""
        _checked(await self.http.delete(f"/v1/videos/{job}"))


def _ended(state: dict[str, Any]) -> dict[str, Any]:
    if state["state"] == "error":
        raise ServiceError(422, str(state["reason"]))
    return state
