"""The corpus: all cases in batches, each batch in a process with limits on memory and time."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.reliability.case import ROOT
from tests.reliability.kinds import KINDS, names

BATCH = 40
PATIENCE = 15
"""Times the limit of processor time that a case may take by the clock, on a machine that has much else to do."""


def run_corpus(chosen: list[str], seed: int, workers: int, limit_s: int) -> Iterator[dict[str, Any]]:
    """What became of each case, as it ends. limit_s: seconds of processor time for one case."""
    ended: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def run_batch(batch: list[str]) -> None:
        try:
            for told in _run_batch(batch, seed, limit_s):
                ended.put(told)
        finally:
            ended.put(None)

    with ThreadPoolExecutor(workers) as pool:
        batches = [pool.submit(run_batch, batch) for batch in _batches(chosen)]
        for _ in batches:
            yield from iter(ended.get, None)
        for batch in batches:
            batch.result()


def _batches(chosen: list[str]) -> list[list[str]]:
    """Cases that import torch apart from those that do not, the former first since they take longest."""
    heavy = [name for name in chosen if KINDS[name.rpartition("-")[0]].heavy]
    light = [name for name in chosen if name not in set(heavy)]
    return [part[i : i + BATCH] for part in (heavy, light) for i in range(0, len(part), BATCH)]


def _run_batch(batch: list[str], seed: int, limit_s: int) -> Iterator[dict[str, Any]]:
    """Results of a batch; where its process ends, another one goes on behind the case that ended it."""
    while batch:
        done = 0
        for told in _process(batch, seed, limit_s):
            done += 1
            yield told
        batch = batch[done:]


def _process(batch: list[str], seed: int, limit_s: int) -> Iterator[dict[str, Any]]:
    """Results of one process, up to the case that ends it."""
    command = [
        sys.executable,
        "-m",
        "tests.reliability",
        "worker",
        "--seed",
        str(seed),
        "--limit",
        str(limit_s),
        *batch,
    ]
    places = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1", "PYTHONPATH": places}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        current, begin = batch[0], time.monotonic()
        for line in _lines(process, PATIENCE * limit_s):
            if line is None:
                process.kill()
                yield _ended(current, f"hang: more than {PATIENCE * limit_s} s by the clock", begin)
                return
            told = json.loads(line)
            if "begins" in told:
                current, begin = told["begins"], time.monotonic()
            else:
                yield told
                current = ""
        code = process.wait()
        assert process.stderr is not None
        if code or current:
            if code == -signal.SIGXCPU:
                yield _ended(current or batch[-1], f"hang: more than {limit_s} s of processor time", begin)
                return
            last = process.stderr.read().decode(errors="replace")[-1500:]
            yield _ended(current or batch[-1], f"crash: the process ended with {code}. {last}", begin)


def _lines(process: "subprocess.Popen[bytes]", limit_s: int) -> Iterator[bytes | None]:
    """Lines as they come, None where one lets wait for longer than the limit."""
    assert process.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(limit_s):
                yield None
                return
            content = os.read(process.stdout.fileno(), 1 << 16)
            if not content:
                return
            *lines, rest = (rest + content).split(b"\n")
            yield from lines


def _ended(name: str, fault: str, begin: float) -> dict[str, Any]:
    taken = round(time.monotonic() - begin, 2)
    return {"case": name, "what": "", "command": [], "code": None, "faults": [fault], "seconds": taken}


def summary(results: list[dict[str, Any]], seconds: float) -> str:
    """Counts by kind of input."""
    lines = []
    for kind in KINDS:
        of_kind = [told for told in results if told["case"].rpartition("-")[0] == kind]
        if of_kind:
            codes = Counter(str(told["code"]) for told in of_kind)
            faulty = sum(bool(told["faults"]) for told in of_kind)
            exits = ", ".join(f"{count} x {code}" for code, count in sorted(codes.items()))
            lines.append(f"{kind:10} {len(of_kind):5} cases {faulty:4} faulty   exit {exits}")
    slow = max(results, key=lambda told: told["seconds"], default=None)
    count = Counter(fault.partition(":")[0] for told in results for fault in told["faults"])
    lines.append(f"{len(results)} cases in {seconds:.0f} s: " + (f"{dict(count)}" if count else "no fault"))
    if slow:
        lines.append(f"slowest: {slow['case']}, {slow['seconds']:.1f} s")
    return "\n".join(lines)


def corpus(
    seed: int, kinds: tuple[str, ...], share: float, workers: int, limit_s: int, out: Path | None
) -> list[dict[str, Any]]:
    """Run a share of the cases, print faults as they come and a summary at the end.

    out: JSON Lines of all results, written as they come. What stands there without a fault is not run again.
    """
    begin = time.monotonic()
    results = _without_fault(out, seed) if out else []
    done = {told["case"] for told in results}
    with out.open("w", encoding="utf-8") if out else open(os.devnull, "w") as file:
        file.writelines(f"{json.dumps(told)}\n" for told in results)
        file.flush()
        for told in run_corpus([name for name in names(share, kinds) if name not in done], seed, workers, limit_s):
            results.append(told | {"seed": seed})
            file.write(f"{json.dumps(results[-1])}\n")
            file.flush()
            for fault in told["faults"]:
                print(f"{told['case']} ({told['what'][:80]}) {' '.join(told['command'])}\n    {fault}", flush=True)
    print(summary(results, time.monotonic() - begin))
    return results


def _without_fault(out: Path, seed: int) -> list[dict[str, Any]]:
    """Results of an earlier run with this seed that are not to be had again."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return [told for told in map(json.loads, lines) if told["seed"] == seed and not told["faults"]]
