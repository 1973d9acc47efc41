"""Images of an evaluation: panels by task, and a sheet of the faces that were read worst."""
