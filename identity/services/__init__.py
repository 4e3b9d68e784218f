"""Everything that changes data. Each function is one transaction, takes an `actor`, asks the policy,
locks the row it decides on, and writes one audit event. Doors call these and never write themselves.
"""
