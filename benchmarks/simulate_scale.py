"""10^6 photos, 10^9 photos and a year of video on paper: a discrete simulation of `mien analyze --ray`.

Each core takes the partition that is next; each photo costs the longer of its core seconds and of the fetch of the next
one, which runs beside it; the driver hands out one partition at a time; machines die at random, what they had is done
again. Core seconds come from benchmarks/results/workers.json where it stands, else from the values below.
Everything that is no measurement is an assumption, and stands in `Assumptions`.
"""

import heapq
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from common import RESULTS, arguments, finish, print_table

_LISTED_A_REQUEST = 1000


@dataclass(frozen=True)
class Assumptions:
    """Of machines and store: cores and network of a machine, the store, the driver, deaths, prices."""

    cores: int = 16
    network_bytes_s: float = 1.25e9
    store_bytes_s: float = 2.5e10
    latency_s: float = 0.03
    hand_out_s: float = 0.01
    put_s: float = 0.1
    start_s: float = 20.0
    days_between_deaths: float = 30.0
    replaced_s: float = 180.0
    dollars_a_core_hour: float = 0.04


@dataclass(frozen=True)
class Job:
    """What is read: items (photos, frames), core seconds and bytes of each, objects that are fetched, machines."""

    name: str
    items: int
    core_s: float
    bytes: float
    items_an_object: int
    items_a_partition: int
    machines: int


def simulate(job: Job, given: Assumptions, seed: int = 0) -> dict[str, Any]:
    """Hours, cost, and how busy each part was."""
    rng = np.random.default_rng(seed)
    cores = job.machines * given.cores
    partitions = -(-job.items // job.items_a_partition)
    share = min(given.network_bytes_s / given.cores, given.store_bytes_s / cores)
    fetch = given.latency_s / job.items_an_object + job.bytes / share
    work = job.items_a_partition * max(job.core_s, fetch) * rng.lognormal(-0.02, 0.2, partitions)
    alive = rng.exponential(given.days_between_deaths * 86400, job.machines)
    free = [(given.start_s * rng.uniform(0.5, 1.5), core) for core in range(cores)]
    heapq.heapify(free)
    driver = busy = lost = 0.0
    waiting = list(range(partitions - 1, -1, -1))
    end = 0.0
    while waiting:
        at, core = heapq.heappop(free)
        driver = max(driver, at) + given.hand_out_s
        partition = waiting.pop()
        stop = driver + work[partition] + given.put_s
        machine = core // given.cores
        if driver < alive[machine] < stop:
            lost += alive[machine] - driver
            waiting.append(partition)
            stop = alive[machine] + given.replaced_s
        elif alive[machine] <= driver:
            alive[machine] = driver + rng.exponential(given.days_between_deaths * 86400)
        busy += stop - driver
        end = max(end, stop)
        heapq.heappush(free, (stop, core))
    hours = end / 3600
    objects = job.items / job.items_an_object
    return {
        **asdict(job),
        "partitions": partitions,
        "hours": hours,
        "core_hours": hours * cores,
        "dollars": hours * cores * given.dollars_a_core_hour,
        "cores_busy": busy / (end * cores),
        "waits_for_fetch": max(0.0, 1 - job.core_s / fetch),
        "driver_busy": partitions * given.hand_out_s / end,
        "store_busy": job.items * job.bytes / end / given.store_bytes_s,
        "lost_core_hours": lost / 3600,
        "listing_hours": objects / _LISTED_A_REQUEST * 0.1 / 3600,
        "plan_gigabytes": objects * 150 / 1e9,
    }


def jobs(core_s: dict[str, float]) -> list[Job]:
    """The plans of docs/scale.md. A year of video: 8760 files of an hour, each fifth of 25 frames a second read."""
    web, phone, frames = (core_s["web"], 100e3), (core_s["phone"], 4e6), 365 * 24 * 3600 * 5
    return [
        Job("10^6 web photos", 10**6, *web, 1, 1000, 1),
        Job("10^6 phone photos", 10**6, *phone, 1, 1000, 10),
        Job("10^9 web photos, one by one", 10**9, *web, 1, 10_000, 200),
        Job("10^9 web photos in shards", 10**9, *web, 10_000, 10_000, 200),
        Job("10^9 web photos in shards", 10**9, *web, 10_000, 10_000, 1000),
        Job("10^9 phone photos in shards", 10**9, *phone, 1000, 1000, 1000),
        Job("a year of video", frames, core_s["frame"], 60e3, 18_000, 18_000, 2),
        Job("a year of video", frames, core_s["frame"], 60e3, 18_000, 18_000, 20),
    ]


def measured() -> dict[str, float]:
    """Core seconds of a photo of 512 x 512 and of 4000 x 3000 pixels with one face, and of a video frame.

    Where workers.json does not stand: as measured on 2026-11-29 on a shared machine.
    """
    try:
        steps = json.loads((RESULTS / "workers.json").read_text())["steps"]
        web, phone = (sum(step["median"] for step in steps[name].values()) for name in ("512 x 512", "4000 x 3000"))
        return {"web": web, "phone": phone, "frame": steps["512 x 512"]["networks"]["median"]}
    except (OSError, KeyError):
        return {"web": 0.055, "phone": 0.48, "frame": 0.048}


def main() -> None:
    given = arguments(__doc__)
    assumed = Assumptions()
    core_s = measured()
    plans = jobs(core_s)
    rows = [simulate(job, assumed) for job in (plans[:2] if given.quick else plans)]
    names = ("name", "machines", "hours", "core_hours", "dollars", "cores_busy", "waits_for_fetch", "driver_busy")
    names += ("store_busy", "lost_core_hours", "listing_hours", "plan_gigabytes")
    print_table(names, [[row[name] for name in names] for row in rows])
    results = {"assumptions": asdict(assumed), "core_s": core_s, "plans": rows}
    finish("scale", given, results, {})


if __name__ == "__main__":
    main()
