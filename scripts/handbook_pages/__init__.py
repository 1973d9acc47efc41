"""What scripts/handbook does: figures of the handbook, and the numbers that its pages quote from studies."""
