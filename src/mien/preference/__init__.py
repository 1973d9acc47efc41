"""Which photo: a rater pool's preference, a person's own taste, comparisons, rankings."""

from mien.preference.active import informative_pairs
from mien.preference.comparison import Comparison, compare
from mien.preference.entrants import Entrant
from mien.preference.personal import Preference, Taste
from mien.preference.ranking import Row, rank_photos

__all__ = ["Comparison", "Entrant", "Preference", "Row", "Taste", "compare", "informative_pairs", "rank_photos"]
