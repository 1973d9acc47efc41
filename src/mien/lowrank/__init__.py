"""Robust PCA: a matrix as low rank plus sparse, with the nuclear norm and its thresholds."""

from mien.lowrank.conventions import ConvergenceWarning
from mien.lowrank.decomposition import Decomposition
from mien.lowrank.estimator import RobustPCA
from mien.lowrank.nuclear import nuclear_norm, singular_value_threshold, soft_threshold, spectral_norm
from mien.lowrank.online import OnlinePursuit
from mien.lowrank.pursuit import Method, principal_component_pursuit, stable_pursuit

__all__ = [
    "ConvergenceWarning",
    "Decomposition",
    "Method",
    "OnlinePursuit",
    "RobustPCA",
    "nuclear_norm",
    "principal_component_pursuit",
    "singular_value_threshold",
    "soft_threshold",
    "spectral_norm",
    "stable_pursuit",
]
