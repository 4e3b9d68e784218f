"""The schedule: work that the portal does by itself when it is due."""
