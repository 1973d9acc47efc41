"""Losses. Every one takes `reduction`; NaN in a target masks that entry."""
