"""A person's own taste, learned from few comparisons."""
