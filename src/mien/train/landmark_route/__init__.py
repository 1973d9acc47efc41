"""Displayed emotion from where 68 landmarks lie, without any pixel: a rival of Action Units, for the studies."""
