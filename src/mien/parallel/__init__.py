"""Every core: sources read by several processes, in order."""

from mien.parallel.cores import PHOTOS_A_WORKER, available_cores, choose_workers
from mien.parallel.pool import ReaderPool, run_in_processes

__all__ = ["PHOTOS_A_WORKER", "ReaderPool", "available_cores", "choose_workers", "run_in_processes"]
