"""The rules of the portal: models, policy and services. Knows no request, no SCIM library, no admin."""
