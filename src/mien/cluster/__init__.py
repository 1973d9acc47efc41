"""Many machines: the work of one machine, on Ray. Needs `pip install 'mien[cluster]'`."""

from mien.cluster.dataset import analyze
from mien.cluster.jobs import Summary, analyze_files
from mien.cluster.mapping import ray_map
from mien.cluster.session import connect

__all__ = ["Summary", "analyze", "analyze_files", "connect", "ray_map"]
