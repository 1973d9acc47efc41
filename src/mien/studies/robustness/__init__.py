"""How estimates hold under corruption, duplicates and false faces."""
