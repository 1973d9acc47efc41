"""A person's own ranking: weights on a network's embedding, learned from that person's comparisons."""

from mien.taste.pairs import informative_pairs
from mien.taste.taste import Preference, Taste

__all__ = ["Preference", "Taste", "informative_pairs"]
