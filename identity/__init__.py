"""The portal's domain: models, policy, queries and services. Knows nothing of HTTP, SCIM libraries or the admin."""
