"""What is asked: filters, orders, pages and projections, and where each attribute is kept."""
