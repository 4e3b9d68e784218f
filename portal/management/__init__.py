"""The command line, for operators: what commands are made of, and how they answer."""
