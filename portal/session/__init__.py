"""Sessions of signed-in people, password checks, and limits on guesses."""
