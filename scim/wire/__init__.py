"""The wire format: resources, their attributes, request bodies, IdP dialects, errors, versions and limits."""
