"""What real identity providers publish and say, as their own documentation shows it."""
