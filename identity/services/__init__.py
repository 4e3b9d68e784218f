"""Every change of data: one function, one transaction and one audit event each, after the policy has allowed it."""
