"""What identity providers send, as data (README.md), and what replays it."""
