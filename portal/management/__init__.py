"""The command line for operators: base classes, options and output of the commands."""
