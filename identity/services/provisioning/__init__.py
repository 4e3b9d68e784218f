"""Changes that an identity provider makes over SCIM or at a sign-in: people, groups, memberships."""
