"""`/v1/networks`: profiles by another process; without torch, what to install."""

import pytest

from mien.runtime.models import WEIGHTS
from mien.server.routes import networks


def test_without_torch_it_is_told_what_to_install(http, monkeypatch):
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    answer = http.get("/v1/networks")
    assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
    assert "pip install 'mien[train]'" in answer.json()["detail"]


def test_names_are_no_paths(http):
    for name in ("x.onnx", "a.py:B", "..%2fx"):
        assert http.get(f"/v1/networks/{name}").status_code in (404, 422)


@pytest.mark.slow
def test_profiles_are_those_of_the_command(http):
    pytest.importorskip("torch")
    from mien.profile import profile

    names = [network["name"] for network in http.get("/v1/networks").json()]
    assert "mobilenet_v1" in names
    told = http.get("/v1/networks/mobilenet_v1", params={"size": 64}).json()
    expected = profile("mobilenet_v1", 64)
    assert (told["parameters"], told["macs"]) == (expected.parameters, expected.macs)
    data = (WEIGHTS / "age.onnx").read_bytes()
    answer = http.post("/v1/networks", files={"f": ("age.onnx", data)}, data={"size": "1,3,112,112"})
    assert answer.json()["parameters"] == profile(WEIGHTS / "age.onnx", (1, 3, 112, 112)).parameters
    assert answer.json()["name"] == "age.onnx"


@pytest.mark.slow
def test_a_file_that_is_no_network_is_told(http, server):
    pytest.importorskip("torch")
    answer = http.post("/v1/networks", files={"f": ("x.onnx", b"nothing")})
    assert answer.status_code == 422
    assert "network.onnx" in answer.json()["detail"]
    assert str(server.folder) not in answer.json()["detail"]
