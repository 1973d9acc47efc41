"""Solvers of robust PCA, compared."""
