"""A model measured against labels, by the path that `mien analyze` takes. No torch."""
