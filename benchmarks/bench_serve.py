"""The service beside the analyzer: throughput and delay at 1, 8, 32 clients, overload, memory, faults.

scripts/bench serve [--quick] [--requests N] [--seconds S] [--memory N]. Each round times the in-process analyzer and
the server in turn, so that what else the machine does weighs on both; ratios are within a round. Clients run on the
same cores. Faults: connections that never send a head, cut uploads, garbage frames, killed workers.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import ROOT, finish, print_table

from mien.analyzer import Analyzer
from mien.media import decode_photo

CLIENTS = (1, 8, 32)
HEADLINES = {
    "throughput_at_32": "32 clients of mien serve, photos a second over those of the analyzer",
    "delay_at_1": "1 client of mien serve, delay over that of the analyzer",
}
PARTS = ("load", "overload", "faults", "memory")
HEADERS = {"Content-Type": "image/jpeg", "Accept": "application/json"}
HEAD = b"POST /v1/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 90000\r\n\r\n"
REQUESTS_AT_ONCE, OVERLOAD = 64, 10
START = "import sys; from mien.cli import main; sys.exit(main())"


def arguments() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works; writes no results")
    parser.add_argument("--out", type=Path, help="folder of the results (default: benchmarks/results)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the comparison (default: 3)")
    parser.add_argument("--requests", type=int, default=96, help="photos of each measurement (default: 96)")
    parser.add_argument("--seconds", type=float, default=60, help="of the overload (default: 60)")
    parser.add_argument("--memory", type=int, default=10_000, help="requests while memory is watched (default: 10000)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured (default: all)"
    )
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.requests, given.seconds, given.memory = 1, 8, 3, 30
    return given


def photos() -> list[bytes]:
    """One face in eight looks, 512 px, as JPEG."""
    image = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"))
    looks = [
        np.clip(image[:, ::way] * gain, 0, 255).astype(np.uint8) for way in (1, -1) for gain in (0.7, 0.85, 1, 1.1)
    ]
    return [cv2.imencode(".jpg", look)[1].tobytes() for look in looks]


class Server:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def get(self, path: str) -> Any:
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return json.loads(body) if answer.status == 200 and path != "/metrics" else (answer.status, body)

    def megabytes(self) -> float:
        """Resident memory of the process."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1e3

    def open_files(self) -> int:
        """Files and sockets that the process holds."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def children(self) -> list[int]:
        """Processes of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        own = [int(number) for number in path.read_text().split()]
        return [n for n in own if b"spawn_main" in Path(f"/proc/{n}/cmdline").read_bytes()]


@contextmanager
def running(*options: str) -> Iterator[Server]:
    """A server until the block ends; it must end by itself when it is told to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"if __name__ == '__main__':\n {START}"
    command = [sys.executable, "-c", code, "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    server = Server(process, port)
    try:
        for _ in range(1200):
            try:
                server.get("/readyz")
                break
            except OSError:
                time.sleep(0.25)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=120)
        unexpected = [line for line in told.splitlines() if not line.startswith("mien: ")]
        print(*unexpected, sep="\n", file=sys.stderr)


def ask(connection: http.client.HTTPConnection, photo: bytes) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection.request("POST", "/v1/analyze", photo, HEADERS)
    answer = connection.getresponse()
    return answer.status, answer.read()


def load(server: Server, clients: int, count: int, pictures: list[bytes]) -> dict[str, float]:
    """So many clients send `count` photos, each the next one when it has its answer."""
    took: list[float] = []
    numbers = iter(range(count))
    lock = threading.Lock()

    def client() -> None:
        connection = server.connect()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            began = time.perf_counter()
            status, body = ask(connection, pictures[number % len(pictures)])
            assert status == 200, body[:200]
            took.append(time.perf_counter() - began)
        connection.close()

    seconds = together(client, clients)
    cuts = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else took * 99
    return {"per_second": count / seconds, "p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def together(work: Callable[[], None], clients: int) -> float:
    """Seconds that so many threads take."""
    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def in_process(analyzer: Analyzer, count: int, pictures: list[bytes]) -> dict[str, float]:
    """The analyzer alone, from the bytes of a photo to its rows as text."""
    took = []
    for number in range(count):
        began = time.perf_counter()
        image = decode_photo(pictures[number % len(pictures)], "photo")
        json.dumps(analyzer.photo(image).to_dicts())
        took.append(time.perf_counter() - began)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {"per_second": count / sum(took), "p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def compared(given: argparse.Namespace, pictures: list[bytes]) -> dict[str, Any]:
    """Rounds of the analyzer and of the server at each number of clients, and ratios within rounds."""
    analyzer = Analyzer()
    in_process(analyzer, 4, pictures)
    rounds = []
    with running() as server:
        load(server, 2, 4, pictures)
        for _ in range(given.rounds):
            found: dict[str, Any] = {"analyzer": in_process(analyzer, given.requests, pictures)}
            for clients in CLIENTS:
                found[f"clients_{clients}"] = load(server, clients, given.requests, pictures)
            rounds.append(found)
            show(found)
    ratios = {
        "throughput_at_32": [r["clients_32"]["per_second"] / r["analyzer"]["per_second"] for r in rounds],
        "delay_at_1": [r["clients_1"]["p50"] / r["analyzer"]["p50"] for r in rounds],
    }
    return {"rounds": rounds, "ratios": {name: statistics.median(values) for name, values in ratios.items()}}


def show(found: dict[str, dict[str, float]]) -> None:
    """Print a round."""
    rows = [(name, f["per_second"], *(1e3 * f[cut] for cut in ("p50", "p95", "p99"))) for name, f in found.items()]
    print_table(["", "photos/s", "p50 ms", "p95 ms", "p99 ms"], rows)


def overloaded(given: argparse.Namespace, pictures: list[bytes]) -> dict[str, Any]:
    """Ten times as many clients as requests may wait; what is accepted must be right."""
    expected = [json.loads(json.dumps(Analyzer().photo(decode_photo(p, "photo")).to_dicts()))[0] for p in pictures]
    counts: Counter[str] = Counter()
    end = time.monotonic() + given.seconds
    clients = OVERLOAD * REQUESTS_AT_ONCE // (16 if given.quick else 1)
    limit = REQUESTS_AT_ONCE // (16 if given.quick else 1)
    with running("--limit", f"requests={limit}", "--limit", "connections=2000") as server:

        def client() -> None:
            connection, number = server.connect(), threading.get_ident() % len(pictures)
            while time.monotonic() < end:
                try:
                    status, body = ask(connection, pictures[number])
                except (OSError, http.client.HTTPException):
                    counts["connection lost"] += 1
                    connection.close()
                    continue
                counts[str(status)] += 1
                if status == 200:
                    right = close(json.loads(body)[0], expected[number])
                    counts["right" if right else "wrong"] += 1
                else:
                    time.sleep(0.5)
            connection.close()

        end = time.monotonic() + given.seconds
        together(client, clients)
    return {"clients": clients, "requests_at_once": limit, "seconds": given.seconds, **counts}


def close(row: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two rows tell the same, up to what another batch size rounds."""
    same = np.allclose(row["box"], expected["box"], atol=0.05)
    near = abs(row["age"]["value"] - expected["age"]["value"]) < 0.05
    return bool(same and near and row["emotion"]["label"] == expected["emotion"]["label"])


def memory(given: argparse.Namespace) -> dict[str, Any]:
    """Resident memory over many requests of a small photo, forms and raw bodies, some of them broken."""
    image = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"))[20:220, 140:340]
    photo = cv2.imencode(".jpg", cv2.resize(image, (160, 160)))[1].tobytes()
    readings = []
    with running() as server:
        for part in range(10):
            load(server, 8, given.memory // 10, [photo])
            readings.append(server.megabytes())
            print(f"{(part + 1) * (given.memory // 10)} requests: {readings[-1]:.0f} MB")
    return {"requests": given.memory, "megabytes": readings}


def faults(pictures: list[bytes]) -> dict[str, Any]:
    """What broken and hostile clients leave behind."""
    with running() as server:
        load(server, 4, 8, pictures)
        before = server.open_files()
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        for line in slow:
            line.sendall(b"POST /v1/analyze HTTP/1.1\r\nX: ")
        during = load(server, 4, 16, pictures)
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", server.port)) as line:
                line.sendall(HEAD + pictures[0][:20_000])
        garbage = live_garbage(server, pictures[0])
        time.sleep(15)
        closed = sum(_is_closed(line) for line in slow)
        after = server.open_files()
        for line in slow:
            line.close()
        answered = load(server, 4, 8, pictures)
    return {
        "slow_connections": len(slow), "closed_by_the_server": closed, "answers_beside_them_per_second":
        during["per_second"], "cut_uploads": 100, "garbage_frames": garbage, "open_files": [before, after],
        "answers_afterwards_per_second": answered["per_second"], "killed": killed(pictures),
    }  # fmt: skip


def _is_closed(line: socket.socket) -> bool:
    line.settimeout(0.05)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def live_garbage(server: Server, photo: bytes) -> dict[str, int]:
    """A hundred frames of noise, then one that is a photo."""
    from websockets.sync.client import connect

    rng, told = np.random.default_rng(0), Counter[str]()
    with connect(f"ws://127.0.0.1:{server.port}/v1/live?heads=expression", proxy=None) as line:
        for _ in range(100):
            line.send(rng.bytes(int(rng.integers(0, 5000))))
            told[json.loads(line.recv(60))["type"]] += 1
        line.send(photo)
        told[json.loads(line.recv(60))["type"]] += 1
    return dict(told)


def killed(pictures: list[bytes]) -> dict[str, int]:
    """Two workers, of which one is killed while four clients ask: how requests end, and whether it comes again."""
    counts: Counter[str] = Counter()
    with running("--workers", "2") as server:
        for _ in range(600):
            if len(server.children()) == 2:
                break
            time.sleep(0.25)
        load(server, 4, 8, pictures)
        victim = server.children()[0]

        def client() -> None:
            for _ in range(12):
                for _ in range(5):
                    connection = server.connect()
                    try:
                        counts[str(ask(connection, pictures[0])[0])] += 1
                        break
                    except (OSError, http.client.HTTPException):
                        counts["sent again"] += 1
                    finally:
                        connection.close()
                else:
                    counts["lost"] += 1

        threading.Timer(1.0, os.kill, (victim, signal.SIGKILL)).start()
        together(client, 4)
        for _ in range(600):
            workers = server.children()
            if len(workers) == 2 and victim not in workers:
                break
            time.sleep(0.25)
        counts["workers afterwards"] = len(workers)
    return dict(counts)


def main() -> None:
    """Run the parts and write what they found."""
    given, pictures = arguments(), photos()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "load": lambda: compared(given, pictures),
        "overload": lambda: overloaded(given, pictures),
        "faults": lambda: faults(pictures),
        "memory": lambda: memory(given),
    }
    found: dict[str, Any] = {}
    for name in given.parts:
        found[name] = parts[name]()
        print(name, json.dumps(found[name]), flush=True)
    ratios = found.get("load", {}).get("ratios", {})
    headlines = {text: f"{ratios[name]:.2f}" for name, text in HEADLINES.items() if name in ratios}
    finish("serve", given, found, headlines, [2])


if __name__ == "__main__":
    main()
