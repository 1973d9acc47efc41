"""Photos of one person beside each other: which to show, by a rater pool's mean taste or by one person's own."""

from mien.comparison.compare import Comparison, compare
from mien.comparison.entrants import Entrant
from mien.comparison.ranking import Row, rank_photos

__all__ = ["Comparison", "Entrant", "Row", "compare", "rank_photos"]
