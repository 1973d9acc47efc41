"""Health, metrics, limits, and the token of a browser."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

import mien
from mien.server.guard import COOKIE, same_token
from mien.server.problems import Problem
from mien.server.state import worker_of

router = APIRouter(tags=["service"])


class Session(BaseModel):
    """What a browser knows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"token": ""}})

    token: str = Field("", max_length=1000)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Whether it takes requests: 503 while it stops."""
    if worker_of(request).stopping:
        raise Problem(503, "The server is stopping.")
    return {"status": "ready"}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """What Prometheus reads."""
    text, kind = worker_of(request).metrics.text()
    return Response(text, media_type=kind)


@router.get("/v1/limits")
async def limits(request: Request) -> dict[str, Any]:
    """The limits of this server, and its version."""
    return {"version": mien.__version__, **asdict(worker_of(request).limits)}


@router.post("/v1/session", status_code=204)
async def session(request: Request, given: Session) -> Response:
    """Set the token as a cookie, for sockets and event streams of a browser."""
    token = worker_of(request).settings.token
    if not same_token(given.token, token):
        raise Problem(401, "The token must be that of this server. Got another.")
    response = Response(status_code=204)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
    return response
