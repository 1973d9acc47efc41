"""Starting and stopping: addresses, the private folder, a process that finishes what it has accepted."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
from typer.testing import CliRunner

from mien.cli import app as cli
from mien.errors import InputError
from mien.server.run import bound, private_folder, serve
from mien.server.settings import Settings


def test_other_hosts_need_a_token():
    with pytest.raises(InputError, match="--token"):
        serve(Settings(), "0.0.0.0", 0)


def test_a_port_that_is_taken_is_told():
    with bound("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(InputError, match="must be free"):
            bound("127.0.0.1", taken.getsockname()[1])


def test_the_folder_is_private_and_those_of_killed_servers_go(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"mien-serve-{2**22 + 1}-x"
    (left / "job").mkdir(parents=True)
    other = tmp_path / f"mien-serve-{os.getpid()}-x"
    other.mkdir()
    with private_folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert not left.exists()
        assert other.exists()
    assert not folder.exists()


@pytest.mark.parametrize("words", [["--limit", "x=1"], ["--host", "0.0.0.0"]])
def test_usage_errors_of_the_command(words):
    result = CliRunner().invoke(cli, ["serve", *words])
    assert isinstance(result.exception, InputError)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_lets_accepted_requests_finish_and_leaves_nothing(tmp_path, face, workers):
    """The signal comes while photos wait."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys\nfrom mien.cli import main\nif __name__ == '__main__':\n    sys.exit(main())"
    (tmp_path / "run.py").write_text(code)
    command = [sys.executable, str(tmp_path / "run.py"), "serve", "--port", str(port), "--workers", workers]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as http:
            for _ in range(600):
                try:
                    if http.get("/readyz").status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.2)
            statuses = []
            files = [("photos", (f"{k}.png", face)) for k in range(20)]
            asking = threading.Thread(target=lambda: statuses.append(http.post("/v1/analyze", files=files)))
            asking.start()
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            asking.join()
        _, told = process.communicate(timeout=90)
    finally:
        process.kill()
    assert [len(answer.json()) for answer in statuses] == [20]
    assert not list(tmp_path.glob("mien-serve-*"))
    assert "Traceback" not in told
