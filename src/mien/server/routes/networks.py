"""`/v1/networks`: what a backbone or an ONNX file costs and sees, told by another process, since torch stays out."""

import asyncio
import json
import re
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from mien.errors import InputError, MissingDependencyError
from mien.server.examples import photo_body
from mien.server.problems import Problem
from mien.server.state import Worker, worker_of
from mien.server.uploads import file_name, sent

router = APIRouter(prefix="/v1/networks", tags=["networks"])
_SIZE = r"^[0-9]{1,5}(,[0-9]{1,5}){0,5}$"
_PROGRAM = "mien.profile.as_json"
_one_at_a_time = asyncio.Semaphore(1)


class SizeOptions(BaseModel):
    """Side of the picture, or the shape of the input."""

    model_config = ConfigDict(extra="forbid")

    size: Annotated[str | None, Field(pattern=_SIZE, description="224, or 1,3,224,224; else the network's own.")] = None
    name: Annotated[str, Field(max_length=255, description="Of a file that is the raw body.")] = "network.onnx"


@router.get("")
async def networks(request: Request) -> Any:
    """The registered backbones."""
    return await _program_answer(worker_of(request), "list")


@router.get("/{name}")
async def network(request: Request, name: str, query: Annotated[SizeOptions, Query()]) -> Any:
    """The profile of a registered backbone."""
    if not re.fullmatch(r"[a-z0-9_]{1,60}", name):
        raise InputError(f"'name' must be one of GET /v1/networks. Got {name[:60]!r}.")
    return await _program_answer(worker_of(request), "profile", name, *([query.size] if query.size else []))


@router.post("", openapi_extra=photo_body("network"))
async def profile(request: Request, query: Annotated[SizeOptions, Query()]) -> Any:
    """The profile of an ONNX file."""
    worker = worker_of(request)
    async with sent(request, worker.limits, ("application/x-onnx",), query.name) as upload:
        options = upload.options(query)
        upload.check_count(1, 1)
        with tempfile.TemporaryDirectory(dir=worker.jobs.folder, prefix="network-") as folder:
            path = Path(folder, "network.onnx")
            path.write_bytes(await upload.files[0].read())
            report = await _program_answer(worker, "profile", str(path), *([options.size] if options.size else []))
    return {**report, "name": file_name(upload.files[0].name)}


async def _program_answer(worker: Worker, *words: str) -> Any:
    """What the program answers. Errors: 501 where it lacks a package, 422 where it refuses, 503 for the time."""
    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            raise MissingDependencyError("The profile of a network", package, "train")
    async with _one_at_a_time:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROGRAM, *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(worker.limits.profile_seconds):
                output, _ = await process.communicate()
        except TimeoutError:
            raise Problem(503, "The network took too long to profile. Choose a smaller one or size.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode == 0:
        return json.loads(output)
    if process.returncode == 2:
        reason = str(json.loads(output)["reason"])
        raise InputError(reason.replace(next((w for w in words if "/" in w), "\0"), "network.onnx"))
    raise Problem(422, "The network could not be profiled: it is damaged, or needs too much memory.")
