"""Synthetic faces: rendered heads with known Action Units, landmarks and pose."""
