"""Limits on what comes in: bodies that are too large, too slow, cut off; too many at once; while it stops."""

import socket
import threading
import time

import pytest
from tests.fixtures.served import address

from mien.server.gate import Gate
from mien.server.settings import Limits

PNG = {"content-type": "image/png"}


def head(path: str, kind: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()
    )


def test_a_body_that_announces_too_much_is_refused_unread(http):
    answer = http.post("/v1/analyze", content=b"x" * 3_000_000, headers=PNG)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "The body must have at most 2 MB. Send less at once."


def test_a_body_that_grows_too_large_is_refused(http):
    answer = http.post("/v1/analyze", content=(b"x" * 100_000 for _ in range(30)), headers=PNG)
    assert answer.status_code == 413


def test_a_body_that_comes_too_slowly_ends(server):
    with socket.create_connection(address(server.url)) as line:
        line.sendall(
            b"POST /v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nx"
        )
        line.settimeout(30)
        assert b" 408 " in line.recv(1000)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost:"])
def test_a_head_that_does_not_come_ends_the_connection(server, sent):
    with socket.create_connection(address(server.url)) as line:
        line.sendall(sent)
        line.settimeout(30)
        assert line.recv(1000) == b""


def test_a_head_that_drips_ends_the_connection(server):
    with socket.create_connection(address(server.url)) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        line.settimeout(0.2)
        ended = False
        for _ in range(100):
            try:
                line.sendall(b"X: 1\r\n")
                ended = line.recv(10) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended


def test_cut_uploads_leave_nothing(server, http, face):
    before = set(server.folder.iterdir())
    for _ in range(5):
        with socket.create_connection(address(server.url)) as line:
            line.sendall(head("/v1/videos", "video/mp4", 900_000) + bytes(4) + b"ftypisom" + bytes(2000))
    for _ in range(100):
        if set(server.folder.iterdir()) <= before and not server.app.state.gate.requests:
            break
        time.sleep(0.1)
    assert set(server.folder.iterdir()) <= before
    assert server.app.state.gate.requests == 0
    assert http.post("/v1/analyze", content=face, headers=PNG).status_code == 200


def test_what_is_too_much_is_told_when_to_come_again(server, http, face, monkeypatch):
    gate: Gate = server.app.state.gate
    monkeypatch.setattr(gate, "limits", Limits(requests=1))
    answers = []

    def ask() -> None:
        answers.append(http.post("/v1/analyze", content=face, headers=PNG))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 429}
    for answer in answers:
        assert (
            answer.json()[0]["status"] == "ok" if answer.status_code == 200 else int(answer.headers["retry-after"]) >= 1
        )


def test_memory_of_bodies_is_bounded(server, http, face, monkeypatch):
    gate: Gate = server.app.state.gate
    monkeypatch.setattr(gate, "limits", Limits(memory_mb=1))
    monkeypatch.setattr(gate, "requests", 1)
    monkeypatch.setattr(gate, "bytes", 999_999)
    assert http.post("/v1/analyze", content=face, headers=PNG).status_code == 429


def test_a_server_that_stops_takes_no_more(server, http, face, monkeypatch):
    monkeypatch.setattr(server.app.state.gate, "draining", True)
    monkeypatch.setattr(server.app.state.worker, "stopping", True)
    assert http.post("/v1/analyze", content=face, headers=PNG).status_code == 503
    assert http.get("/readyz").status_code == 503
    assert http.get("/healthz").status_code == 200


def test_numbers_are_counted_by_route(http, face):
    http.post("/v1/analyze", content=face, headers=PNG)
    http.get("/v1/videos/../../etc/passwd")
    text = http.get("/metrics").text
    assert 'mien_requests_total{path="/v1/analyze",status="200"}' in text
    assert "passwd" not in text
