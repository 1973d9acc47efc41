"""What does not belong: faces of a group aligned together, and those that differ from the rest."""
