"""What is sent and answered: resources, their attributes, bodies, dialects, errors, versions and limits."""
