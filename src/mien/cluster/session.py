"""Ray without reports and without a dashboard: no other file imports it at the top."""

import os
from typing import Any

from mien.errors import MissingDependencyError, WorkerError

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def load_ray() -> Any:
    """The module `ray`, told to send no usage reports. Raises MissingDependencyError where it is not installed."""
    # Processes that Ray starts inherit it, so it stays in the environment.
    os.environ.update(_QUIET)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependencyError("Work on many machines", "ray[data]", "cluster") from error
    return ray


def connect(address: str | None = None) -> Any:
    """Ray, connected to a cluster: `host:port`, 'auto' for the one of this machine, or None for one made now.

    A connection that stands is kept. Raises WorkerError where the cluster cannot be reached.
    """
    ray = load_ray()
    if not ray.is_initialized():
        given: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level="WARNING", **given)
        except Exception as error:  # whatever Ray raises
            raise WorkerError(
                f"'ray' must be the address of a Ray cluster, such as host:6379. Got {address!r}: {error}. "
                "Start one with: ray start --head --disable-usage-stats --include-dashboard=false"
            ) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray


def actors(most: int | None, least: int = 1) -> Any:
    """Ray Data's pool of warm actors, which grows with the work that waits up to `most`, or to the whole cluster."""
    ray = load_ray()
    return ray.data.ActorPoolStrategy(min_size=least, max_size=most)
