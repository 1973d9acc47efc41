"""The client, with and without async, on a real server."""

import asyncio

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from tests.fixtures.served import approx_rows, encoded, running

from mien.client import AsyncClient, Client, ServiceError
from mien.server.settings import Settings


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(Settings(token="secret", folder=tmp_path_factory.mktemp("uploads"))) as found:
        yield found


@pytest.fixture(scope="module")
def photo(tmp_path_factory, astronaut):
    path = tmp_path_factory.mktemp("photos") / "a.png"
    path.write_bytes(encoded(astronaut[:256, 100:356]))
    return path


def test_both_clients_give_the_same(served, photo):
    async def ask():
        async with AsyncClient(served.url, "secret") as client:
            rows = await client.analyze(photo, ("broken.jpg", b"x"), heads="age")
            return rows, await client.rank(photo)

    with Client(served.url, "secret") as client:
        rows = client.analyze(photo, ("broken.jpg", b"x"), heads="age")
        assert [row["status"] for row in rows] == ["ok", "error"]
        assert rows[0]["emotion"] is None
        approx_rows(list(client.stream(photo, heads="age")), rows[:1])
        approx_rows(asyncio.run(ask()), (rows, client.rank(photo)))
        assert client.compare(photo, photo)["preference"]["share"] == pytest.approx(0.5)


def test_a_video_from_its_start_to_its_end(served, astronaut, write_video):
    clip = write_video([astronaut[:256, 100:356]] * 2)

    async def ask():
        async with AsyncClient(served.url, "secret") as client:
            job = await client.wait((await client.video(clip, heads="age", annotate=False))["id"])
            rows = await client.video_rows(job["id"])
            await client.delete(job["id"])
            return job["state"], rows

    with Client(served.url, "secret") as client:
        job = client.wait(client.video(clip, heads="age", annotate=False)["id"])
        approx_rows(asyncio.run(ask()), (job["state"], client.video_rows(job["id"])))
        client.delete(job["id"])
        with pytest.raises(ServiceError, match="may have expired") as error:
            client.video_rows(job["id"])
        assert error.value.status == 404


def test_errors_are_those_of_the_server(served, photo):
    with Client(served.url, "wrong") as client, pytest.raises(ServiceError, match="token") as error:
        list(client.stream(photo))
    assert error.value.status == 401
    with Client(served.url, "secret") as client, pytest.raises(ServiceError, match="'heads'"):
        client.analyze(photo, heads="x")
