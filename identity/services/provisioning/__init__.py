"""What an identity provider writes over SCIM or at a sign-in: people, groups, memberships."""
