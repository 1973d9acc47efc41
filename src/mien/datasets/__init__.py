"""Labeled faces: tables and folders, their schema, labels, checks and aligned crops. No torch."""
