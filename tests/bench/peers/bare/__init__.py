"""A bare Django view that inserts the rows of a POST /Users, and does nothing else: the floor under ours."""
