"""Who is signed in, how and since when; guesses are counted here."""
