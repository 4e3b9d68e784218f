"""Reading: filters, sorting, paging and projection, and where each attribute is stored."""
