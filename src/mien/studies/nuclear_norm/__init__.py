"""The nuclear norm as the envelope of rank, and what it recovers."""
