"""Routes from a face to a displayed emotion, compared."""
