"""A folder of images with a broken one, a server that speaks S3, a cluster of two nodes."""

import socket
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien.geometry import Image

HEADS: dict[str, Any] = {"heads": []}


def encoded(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))[1])


@pytest.fixture
def photos(tmp_path: Path, astronaut: Image) -> Path:
    """Three images with a face, one without, one that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    small = cv2.resize(astronaut, (192, 192), interpolation=cv2.INTER_AREA)
    for i in range(3):
        (folder / f"a{i}.png").write_bytes(encoded(np.ascontiguousarray(small[:, : 192 - 8 * i])))
    (folder / "b.png").write_bytes(encoded(np.full((64, 64, 3), 128, np.uint8)))
    (folder / "c.png").write_text("no picture")
    return folder


@pytest.fixture
def write_shard(tmp_path: Path) -> Callable[..., Path]:
    """Writes files of a folder as a tar shard, as WebDataset has them."""

    def write(folder: Path, name: str = "shard.tar") -> Path:
        path = tmp_path / name
        with tarfile.open(path, "w") as shard:
            for file in sorted(folder.iterdir()):
                shard.add(file, file.name)
            label = tarfile.TarInfo("a0.json")
            label.size = 2
            shard.addfile(label, BytesIO(b"{}"))
        return path

    return write


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket in a server of this machine that speaks S3."""
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"faces-{uuid.uuid4().hex}"  # servers of one process share their buckets
    s3fs.S3FileSystem().mkdir(name)
    yield f"s3://{name}"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(autouse=True)
def _patient_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray gives its processes half a minute to start; a busy machine takes longer."""
    for name in ("agent_register_timeout_ms", "worker_register_timeout_seconds"):
        monkeypatch.setenv(f"RAY_{name}", "300000" if name.endswith("ms") else "300")


PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")


def node_options() -> dict[str, int]:
    """One core, and free ports."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        ports = [each.getsockname()[1] for each in sockets]
    return {"num_cpus": 1, "object_store_memory": 300 << 20, **dict(zip(PORTS, ports, strict=True))}


def wait_for_slow_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray gives a node 30 s to start, and its agents 30 s to say their ports; on a busy machine both take longer."""
    from ray import _raylet
    from ray._private import services

    get_node, start_raylet = services.get_node, services.start_raylet

    def wait_for_node(*given: Any, **more: Any) -> Any:
        end = time.monotonic() + 200
        while True:
            try:
                return get_node(*given, **more)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def start_with_ports(*given: Any, **more: Any) -> Any:
        node, folder = given[2], given[11]
        for name in PORTS:
            _raylet.persist_port(folder, node, name, more[name])
        return start_raylet(*given, **more)

    monkeypatch.setattr(services, "get_node", wait_for_node)
    monkeypatch.setattr(services, "start_raylet", start_with_ports)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes with one core each, on this machine."""
    pytest.importorskip("ray")
    from mien.cluster.session import connect, load_ray

    ray = load_ray()
    from ray.cluster_utils import Cluster

    wait_for_slow_starts(monkeypatch)
    nodes = Cluster(initialize_head=True, head_node_args={**node_options(), "include_dashboard": False})
    nodes.add_node(**node_options())
    connect(nodes.address)
    yield nodes
    ray.shutdown()
    nodes.shutdown()
