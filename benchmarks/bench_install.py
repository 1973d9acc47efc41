"""How much is downloaded to install mien: the wheels of the base install, with and without Parquet. Limit: 150 MB.

The quick run leaves out Parquet.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import ROOT, arguments, finish, print_table

LIMIT_MB = 150.0
PIP = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]


def download(requirements: list[str], folder: Path) -> dict[str, float]:
    """Download wheels with all they need; MB by file name."""
    command = [*PIP, "download", "--only-binary", ":all:", "--dest", str(folder), *requirements]
    subprocess.run(command, check=True)
    return sizes(folder)


def own_wheel(folder: Path) -> dict[str, float]:
    """Build the wheel of the project, embedded weights included; MB by file name."""
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    return sizes(folder)


def sizes(folder: Path) -> dict[str, float]:
    """MB of every wheel in a folder, by name."""
    return {path.name: path.stat().st_size / 1e6 for path in sorted(folder.glob("*.whl"))}


def main() -> None:
    """Download, build, add up."""
    given = arguments(__doc__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts: dict[str, dict[str, float]] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("base", "own", "parquet"):
            (folder / part).mkdir()
        parts["own"] = own_wheel(folder / "own")
        parts["base"] = download(project["dependencies"], folder / "base")
        if not given.quick:
            everything = download(
                project["dependencies"] + project["optional-dependencies"]["parquet"], folder / "parquet"
            )
            parts["parquet"] = {file: mb for file, mb in everything.items() if file not in parts["base"]}
    results = summary(parts)
    report(parts, results)
    headlines = {"downloads of the base install, mien's own wheel included": f"{results['base_mb']:.0f} MB"}
    if results["with_parquet_mb"] is not None:
        headlines["the same with Parquet"] = f"{results['with_parquet_mb']:.0f} MB"
    finish("install", given, {**results, "wheels_mb": parts}, headlines)


def summary(parts: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Sums in MB and whether they keep the limit."""
    base = sum(parts["own"].values()) + sum(parts["base"].values())
    whole = base + sum(parts["parquet"].values()) if "parquet" in parts else None
    return {
        "base_mb": base,
        "with_parquet_mb": whole,
        "limit_mb": LIMIT_MB,
        "base_within_limit": base <= LIMIT_MB,
        "with_parquet_within_limit": None if whole is None else whole <= LIMIT_MB,
    }


def report(parts: dict[str, dict[str, float]], results: dict[str, Any]) -> None:
    """Print every wheel, largest first, and the sums."""
    wheels = [(file.split("-")[0], part, mb) for part, files in parts.items() for file, mb in files.items()]
    rows: list[tuple[str, str, float | None]] = sorted(wheels, key=lambda row: -row[2])
    rows.append(("sum", f"limit {LIMIT_MB:.0f}", results["base_mb"]))
    rows.append(("sum with Parquet", f"limit {LIMIT_MB:.0f}", results["with_parquet_mb"]))
    print_table(["wheel", "part", "MB"], rows)


if __name__ == "__main__":
    main()
