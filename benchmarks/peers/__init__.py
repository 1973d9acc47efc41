"""mien beside other packages on the same pictures; README.md in this folder tells how to add one."""
