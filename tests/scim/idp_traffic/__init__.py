"""What identity providers send, as data (README.md)."""
