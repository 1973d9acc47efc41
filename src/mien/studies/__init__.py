"""Design questions answered by measurement: each study returns a table, a figure and a verdict."""
