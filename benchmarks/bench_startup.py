"""How soon it starts: `import mien` against `import numpy`, and `mien analyze` up to its first row.

Fresh processes in turn; a ratio is taken between neighbours, which saw the same load. Aim: at most 1.3.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from common import arguments, finish, portrait, print_table, spread

from mien.runtime.models import embedded_models

AIM_RATIO = 1.3
IMPORTS = {
    "python": "pass",
    "numpy": "import numpy",
    "mien": "import mien",
    "Analyzer": "from mien import Analyzer",
}
ANALYZE = "import sys; from mien.cli import main; sys.argv[0] = 'mien'; main()"


def start(code: str) -> float:
    """Seconds that a fresh process takes to run the code."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begin


def imports(repeats: int) -> dict[str, list[float]]:
    """Seconds of every import, in turn; the first round only fills caches."""
    took: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for round_ in range(repeats + 1):
        for name, code in IMPORTS.items():
            seconds = start(code)
            if round_:
                took[name].append(seconds)
    return took


def first_row(photo: Path) -> float:
    """Seconds from the start of `mien analyze PHOTO` until its first row has come."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", ANALYZE, "analyze", str(photo), "--out", "-", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        took = time.perf_counter() - begin
    if run.returncode or json.loads(line)["status"] != "ok":
        raise SystemExit(f"`mien analyze` must find the face. Got exit code {run.returncode} and {line!r}.")
    return took


def first_rows(repeats: int) -> list[float]:
    """Seconds to the first row, again and again; none without the embedded weights."""
    if not embedded_models():
        print("The embedded weights are not there: the time to the first row is left out.")
        return []
    with TemporaryDirectory() as folder:
        photo = Path(folder) / "face.png"
        cv2.imwrite(str(photo), np.ascontiguousarray(portrait()[..., ::-1]))
        return [first_row(photo) for _ in range(repeats + 1)][1:]


def main() -> None:
    """Time the imports, then the command."""
    given = arguments(__doc__)
    took = imports(5 if given.quick else 40)
    rows = first_rows(3 if given.quick else 20)
    ratio = spread(ours / theirs for ours, theirs in zip(took["mien"], took["numpy"], strict=True))
    timings = {name: spread(times) for name, times in took.items()}
    if rows:
        timings["first row"] = spread(rows)
    print_table(
        ["fresh process", "ms", "fastest", "slowest"],
        [(name, *(1000 * timing[key] for key in ("median", "min", "max"))) for name, timing in timings.items()],
    )
    print(f"import mien / import numpy: {ratio['median']:.2f} (aim: at most {AIM_RATIO})")
    results = {
        "mien_to_numpy": ratio,
        "aim_ratio": AIM_RATIO,
        "aim_met": ratio["median"] <= AIM_RATIO,
        "seconds": timings,
    }
    headlines = {"`import mien` against `import numpy`": f"{ratio['median']:.2f} times"}
    if "first row" in timings:
        headlines["`mien analyze photo.jpg` from start to first row"] = f"{timings['first row']['median']:.2f} s"
    finish("startup", given, results, headlines)


if __name__ == "__main__":
    main()
