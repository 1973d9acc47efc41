"""Who may call: tokens, host names, origins; what every answer carries."""

import httpx
import pytest
from tests.fixtures.served import running

from mien.server.settings import Settings


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A server with a token, which another site may call."""
    settings = Settings(token="secret-1", origins=("https://a.test",), folder=tmp_path_factory.mktemp("closed"))
    with running(settings) as found, httpx.Client(base_url=found.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic secret"},
        {"cookie": "mien_token=x"},
        {"cookie": "=;"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/videos", "/metrics", "/openapi.json", "/v1/nothing"])
def test_without_the_token_nothing_is_told(closed, headers, path):
    answer = closed.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_the_token_opens_as_header_and_as_cookie(closed):
    assert closed.get("/v1/models", headers={"authorization": "Bearer secret-1"}).status_code == 200
    assert closed.post("/v1/session", json={"token": "other"}).status_code == 401
    answer = closed.post("/v1/session", json={"token": "secret-1"})
    assert answer.status_code == 204
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert closed.get("/v1/models", headers={"cookie": cookie}).status_code == 200
    closed.cookies.clear()


def test_health_needs_no_token(closed):
    assert [closed.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_another_site_may_call_only_where_it_is_allowed(closed, http):
    preflight = {"origin": "https://a.test", "access-control-request-method": "POST"}
    assert closed.options("/v1/analyze", headers=preflight).headers["access-control-allow-origin"] == "https://a.test"
    answer = http.get("/v1/models", headers={"origin": "https://a.test"})
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_own_pages_may_call(http, server):
    assert http.get("/v1/models", headers={"origin": server.url}).status_code == 200
    assert http.get("/v1/models", headers={"origin": "null"}).status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.test", 400), ("127.0.0.1.evil.test", 400), ("localhost", 200), ("[::1]:1", 200), ("", 400)],
)
def test_another_host_name_is_refused(http, host, status):
    """A page whose name was bound anew to loopback."""
    assert http.get("/v1/models", headers={"host": host}).status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/nothing", "/nothing"])
def test_every_answer_allows_nothing_of_other_sites(http, path):
    headers = http.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_of_documentation_that_call_other_sites_are_off(http):
    assert [http.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]
