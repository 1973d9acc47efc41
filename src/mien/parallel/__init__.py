"""Every core: sources read by several processes, in order."""

from mien.parallel.cores import PHOTOS_A_WORKER, available_cores, choose_workers
from mien.parallel.mapping import Mapped, chunks, one_by_one
from mien.parallel.pool import ReaderPool, run_in_processes

__all__ = ["PHOTOS_A_WORKER", "Mapped", "ReaderPool", "available_cores", "choose_workers", "chunks", "one_by_one"]
__all__ += ["run_in_processes"]
