"""Losses for pairwise comparison, and when their scores can be trusted."""
