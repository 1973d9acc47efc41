"""FILE.py:NAME: modules beside the file, an instance, a class, a function; what is missing is said."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.errors import InputError
from mien.profile import profile

BESIDE = "from torch import nn\ndef block(): return nn.Conv2d(3, 8, 3)\n"
FILE = """from torch import nn
from blocks_beside import block
net = nn.Conv2d(3, 4, 3)
class Net(nn.Conv2d):
    pass
class Own(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 2, 3)
def make():
    return block()
def broken():
    raise KeyError("width")
number = 3
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "blocks_beside.py").write_text(BESIDE, encoding="utf-8")
    path = tmp_path / "nets.py"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "channels"), [("make", 8), ("net", 4), ("Own", 2)])
def test_what_gives_a_module(path: Path, name: str, channels: int) -> None:
    assert profile(f"{path}:{name}", 8).macs == 27 * channels * 36


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Net", "needs in_channels, out_channels, kernel_size"), ("missing", "must name a module"),
        ("number", "'number' is none"), ("broken", "KeyError: 'width'"),
    ],
)  # fmt: skip
def test_what_does_not(path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        profile(f"{path}:{name}", 8)


def test_a_file_that_fails(path: Path) -> None:
    path.write_text("import no_such_module_at_all", encoding="utf-8")
    with pytest.raises(InputError, match="ModuleNotFoundError: No module named 'no_such_module_at_all'"):
        profile(f"{path}:net", 8)
