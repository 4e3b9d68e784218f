"""A sign-in through an identity provider: whom it means, and who is made by it."""
