"""An OpenCV that is there and does not work tells in one line how to mend it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MEND = "Mend it with: pip install --force-reinstall --no-deps opencv-python-headless"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is installed and empty, as after 'opencv-python' was removed beside 'opencv-python-headless'"),
        ("raise ImportError('libGL.so.1: no such file')", "cannot be loaded: libGL.so.1: no such file."),
        (None, "cannot be loaded: import of cv2 halted; None in sys.modules."),
    ],
)
def test_a_broken_install_is_told(content: str | None, told: str, tmp_path: Path) -> None:
    code = "from mien.cli import main; main()"
    if content is None:
        code = f"import sys; sys.modules['cv2'] = None; {code}"
    else:
        (tmp_path / "cv2.py").write_text(content)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run([sys.executable, "-c", code, "analyze", "a.png"], capture_output=True, text=True, env=env)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"mien: OpenCV (cv2) {told}")
    assert line.endswith(MEND)
