"""The door of scripts/reliability."""

import argparse
import json
import sys
from pathlib import Path


def main() -> int:
    """Exit code 0: no fault; 1: faults, which are listed."""
    parser = argparse.ArgumentParser(prog="scripts/reliability", description="Put mien through what goes wrong.")
    jobs = parser.add_subparsers(dest="job", required=True)
    corpus = jobs.add_parser("corpus", help="Broken and odd inputs through all commands.")
    corpus.add_argument("--seed", type=int, default=0)
    corpus.add_argument("--kind", action="append", default=[], help="Only this kind; may be repeated.")
    corpus.add_argument("--share", type=float, default=1.0, help="Part of the cases, such as 0.1.")
    corpus.add_argument("--workers", type=int, default=2, help="Processes at a time.")
    corpus.add_argument("--limit", type=int, default=60, help="Seconds of processor time for one case.")
    corpus.add_argument(
        "--out", type=Path, help="FILE.jsonl for all results; what stands there without a fault is not run again."
    )
    case = jobs.add_parser("case", help="One case again, with its files kept.")
    case.add_argument("name", help="Such as photo-7.")
    case.add_argument("folder", type=Path, help="A new folder for its files.")
    case.add_argument("--seed", type=int, default=0)
    for name, text in (
        ("killed", "Runs ended by SIGKILL, and gone on with."),
        ("full-disk", "Runs that cannot write."),
    ):
        broken = jobs.add_parser(name, help=text)
        broken.add_argument("--seed", type=int, default=0)
        broken.add_argument("--only", action="append", default=[], dest="names", help="Only this job; may be repeated.")
        broken.add_argument("--runs", type=int, default=25, help="Disturbed runs of each job.")
    worker = jobs.add_parser("worker")
    worker.add_argument("--seed", type=int, default=0)
    worker.add_argument("--limit", type=int, default=60)
    worker.add_argument("names", nargs="+")
    return _run(parser.parse_args())


def _run(chosen: argparse.Namespace) -> int:
    if chosen.job == "worker":
        from tests.reliability.worker import work

        work(chosen.seed, chosen.names, chosen.limit)
        return 0
    if chosen.job == "case":
        from tests.reliability.worker import run_case

        chosen.folder.mkdir()
        told = run_case(chosen.name, chosen.seed, chosen.folder.absolute())
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return int(bool(told["faults"]))
    if chosen.job in ("killed", "full-disk"):
        return _broken(chosen)
    from tests.reliability.corpus import corpus

    kinds = tuple(chosen.kind)
    results = corpus(chosen.seed, kinds, chosen.share, chosen.workers, chosen.limit, chosen.out)
    return int(any(told["faults"] for told in results))


def _broken(chosen: argparse.Namespace) -> int:
    from tests.reliability.broken_runs import JOBS, check_full, check_killed, report, warm

    resumed = [name for name, job in JOBS.items() if job.resume or job.heavy]
    names = chosen.names or (resumed if chosen.job == "killed" else list(JOBS))
    warm(any(JOBS[name].heavy for name in names))
    check = check_killed if chosen.job == "killed" else check_full
    return int(bool(report(check(names, chosen.runs, chosen.seed))))


if __name__ == "__main__":
    sys.exit(main())
