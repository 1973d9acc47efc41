"""Who may call: host names against rebinding, origins against other pages, the token; headers that every answer has."""

import hmac
from collections.abc import Iterator
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.problems import Problem
from mien.server.settings import Settings

COOKIE = "mien_token"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FREE = ("/healthz", "/readyz", "/v1/session")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Guard:
    """Lets through what may call; the paths of `_FREE` and the page, which hold nothing, need no token."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse: a socket with code 1008."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        problem = self._problem(scope)
        if problem and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem.detail[:120]})
        elif problem:
            await problem.response()(scope, receive, _with_headers(send, scope["path"]))
        else:
            await self.app(scope, receive, _with_headers(send, scope["path"]))

    def _problem(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        # Without a token, a page whose name was bound anew to loopback could call: its requests carry that name.
        if not self.settings.token and _name(host) not in _LOOPBACK:
            return Problem(400, f"The host must be {' or '.join(_LOOPBACK)}, or the server have a token. Got {host!r}.")
        if origin and origin not in self.settings.origins and origin.partition("://")[2] != host:
            return Problem(403, f"Pages of {origin!r} may not call this server. Start it with --allow-origin for them.")
        if scope.get("method") == "OPTIONS" and origin:
            return None  # a preflight carries no token
        needs = scope["path"].startswith("/v1/") or scope["path"] in ("/metrics", "/openapi.json")
        if self.settings.token and needs and scope["path"] not in _FREE and not self._knows(headers):
            return Problem(401, "The token must be that of this server: 'Authorization: Bearer TOKEN'. Got another.")
        return None

    def _knows(self, headers: Headers) -> bool:
        return any(same_token(token, self.settings.token) for token in _tokens(headers))


def _name(host: str) -> str:
    """The name in a Host header, without the port.

    >>> _name("localhost:80"), _name("[::1]:80")
    ('localhost', '::1')
    """
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def same_token(given: str, token: str) -> bool:
    """Whether a token is the right one, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())


def _tokens(headers: Headers) -> Iterator[str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield token.strip()
    for text in headers.getlist("cookie"):
        try:
            cookies: SimpleCookie = SimpleCookie(text)
        except Exception:  # whatever a broken cookie raises
            continue
        if COOKIE in cookies:
            yield cookies[COOKIE].value


def _with_headers(send: Send, path: str) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if path.startswith("/v1/"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return send_with_headers
