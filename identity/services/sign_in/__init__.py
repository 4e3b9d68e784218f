"""Sign-ins through an identity provider: which user is meant, and who is created on the way."""
