"""Classification, regression and penalty losses compared."""
