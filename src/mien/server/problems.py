"""Errors as problem+json: a status, and a sentence that says what was expected, what came, what to do."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mien.errors import InputError, MediaError, MienError, MissingDependencyError, TooLargeError, UnknownFormatError

logger = logging.getLogger("mien.server")
_STATUS: tuple[tuple[type[MienError], int], ...] = (
    (TooLargeError, 413),
    (UnknownFormatError, 415),
    (MediaError, 422),
    (InputError, 422),
    (MissingDependencyError, 501),
    (MienError, 422),
)


class Problem(Exception):
    """An answer other than the one that was asked for. errors: of single options, {"name", "reason"} each."""

    def __init__(
        self, status: int, detail: str, errors: list[dict[str, str]] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors
        self.headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}

    def response(self) -> JSONResponse:
        """The problem as an answer."""
        body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status}
        body |= {"detail": self.detail} | ({"errors": self.errors} if self.errors else {})
        return JSONResponse(body, self.status, self.headers, "application/problem+json")


def problem_of(error: Exception) -> Problem:
    """What an error of mien, of a check or of the framework is to a client; others go to the log alone."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError | RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, f"{error.detail}.")
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return Problem(status, str(error))
    logger.error("Unexpected error", exc_info=error)
    return Problem(500, "The server failed on this request. Its log says more.")


def _invalid(error: ValidationError | RequestValidationError) -> Problem:
    errors = []
    for part in error.errors():
        place = [str(step) for step in part["loc"] if step not in ("query", "body", "path")]
        errors.append({"name": ".".join(place), "reason": str(part["msg"])})
    reasons = "; ".join(f"{part['name']!r}: {part['reason']}" for part in errors)
    return Problem(422, f"Options must be as the API describes them. Got {reasons}.", errors)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return problem_of(error).response()

    kinds = (Problem, MienError, ValidationError, RequestValidationError, HTTPException, ClientDisconnect, Exception)
    for kind in kinds:
        app.add_exception_handler(kind, answer)
