"""django-scim2 as it comes: its views, its default adapters and filters, on the models its documentation asks for."""
