"""`WS /v1/live`: rows with tracks, the newest frame wins, garbage harms nobody."""

import asyncio
import json
import time

import pytest

websockets = pytest.importorskip("websockets")

from mien.server.routes.live import Newest, _Sent  # noqa: E402


def talk(server, messages, count, query="?heads=expression", **options):
    """Send messages, and the answers."""

    async def run():
        url = server.url.replace("http", "ws") + "/v1/live" + query
        async with websockets.connect(url, open_timeout=60, proxy=None, **options) as socket:
            for message in messages:
                await socket.send(message)
            return [json.loads(await asyncio.wait_for(socket.recv(), 120)) for _ in range(count)]

    return asyncio.run(run())


def test_a_frame_is_answered_with_rows_and_its_label(server, face):
    [told] = talk(server, [json.dumps({"id": 7, "sent_ms": 1.5}), face], 1)
    assert (told["type"], told["id"], told["sent_ms"], told["frame"]) == ("rows", 7, 1.5, 0)
    assert (told["width"], told["height"]) == (256, 256)
    [row] = told["rows"]
    assert (row["source"], row["status"], row["track_id"]) == ("live", "ok", 0)
    assert told["delay_ms"] >= told["read_ms"] > 0


def test_tracks_last_and_frames_are_counted(server, face):
    async def run():
        async with websockets.connect(
            server.url.replace("http", "ws") + "/v1/live?heads=expression", proxy=None
        ) as socket:
            answers = []
            for _ in range(3):
                await socket.send(face)
                answers.append(json.loads(await socket.recv()))
            return answers

    answers = asyncio.run(run())
    assert [answer["frame"] for answer in answers] == [0, 1, 2]
    assert [answer["rows"][0]["track_id"] for answer in answers] == [0, 0, 0]
    times = [answer["rows"][0]["time_s"] for answer in answers]
    assert times == sorted(set(times))


def test_of_many_frames_the_newest_wins(server, face):
    first, last = talk(server, [face] * 30, 2)
    assert first["frame"] + 1 + last["dropped"] == last["frame"]
    assert last["dropped"] > 0


def test_garbage_is_told_and_the_connection_stays(server, face):
    async def run():
        async with websockets.connect(
            server.url.replace("http", "ws") + "/v1/live?heads=expression", proxy=None
        ) as socket:
            answers = []
            for message in (b"garbage", b"", "no json", "[1]", '{"id": {}}', face):
                await socket.send(message)
                if isinstance(message, bytes):
                    answers.append(json.loads(await socket.recv()))
            return answers

    answers = asyncio.run(run())
    assert [answer["type"] for answer in answers] == ["error", "error", "rows"]
    assert "not a photo" in answers[0]["reason"]


def test_pages_of_other_sites_may_not_connect(server):
    with pytest.raises(websockets.InvalidStatus) as error:
        talk(server, [], 1, origin="https://evil.test")
    assert error.value.response.status_code == 403


@pytest.mark.parametrize(("query", "told"), [("?heads=x", "'heads'"), ("?smooth=-1", "'smooth'"), ("?x=1", "'x'")])
def test_wrong_options_are_told(server, query, told):
    with pytest.raises(websockets.ConnectionClosedError) as error:
        talk(server, [], 1, query)
    assert (error.value.rcvd.code, told in error.value.rcvd.reason) == (1008, True)


def test_a_large_frame_closes_the_connection(server):
    with pytest.raises(websockets.ConnectionClosedError) as error:
        talk(server, [bytes(1_005_000)], 1)
    assert error.value.rcvd.code == 1009


def test_connections_are_counted(server, face):
    worker = server.app.state.worker
    while worker.live:  # those of other tests
        time.sleep(0.05)
    before, worker.live = worker.live, worker.limits.live_connections
    try:
        with pytest.raises(websockets.ConnectionClosedError) as error:
            talk(server, [face], 1)
    finally:
        worker.live = before
    assert error.value.rcvd.code == 1013


def test_room_for_one():
    async def run():
        room = Newest()
        for number in range(3):
            room.put(_Sent(b"", number, 0.0, {}))
        frame, dropped = await room.get()
        assert (frame.number, dropped) == (2, 2)
        room.put(_Sent(b"", 3, 0.0, {}))
        assert (await room.get())[1] == 0

    asyncio.run(run())
